/** The desks of the Kotlin team, and how it visits those of others: typed keys and errors, rules, bytes. */
package polyglot

import build.buf.validate.Violations
import com.google.protobuf.kotlin.toByteString
import com.polyglot.golang.v1.DeskClient as GoDesk
import com.polyglot.golang.v1.RefusedException as GoRefused
import com.polyglot.golang.v1.ViolationsException as GoViolations
import com.polyglot.java.v1.DeskClient as JavaDesk
import com.polyglot.java.v1.RefusedException as JavaRefused
import com.polyglot.java.v1.ViolationsException as JavaViolations
import com.polyglot.kotlin.v1.DeskBase
import com.polyglot.kotlin.v1.DeskClient as KotlinDesk
import com.polyglot.kotlin.v1.RefusedException as KotlinRefused
import com.polyglot.kotlin.v1.ViolationsException as KotlinViolations
import com.polyglot.kotlin.v1.VisitorBase
import com.polyglot.python.v1.DeskClient as PythonDesk
import com.polyglot.python.v1.RefusedException as PythonRefused
import com.polyglot.python.v1.ViolationsException as PythonViolations
import com.polyglot.typescript.v1.DeskClient as TypeScriptDesk
import com.polyglot.typescript.v1.RefusedException as TypeScriptRefused
import com.polyglot.typescript.v1.ViolationsException as TypeScriptViolations
import com.polyglot.values.v1.DeskView
import com.polyglot.values.v1.Errand
import com.polyglot.values.v1.Guest
import com.polyglot.values.v1.Language
import com.polyglot.values.v1.Refused
import com.polyglot.values.v1.VisitReport
import com.polyglot.values.v1.VisitRequest
import com.polyglot.values.v1.deskView
import com.polyglot.values.v1.visitReport
import dev.restate.client.Client as Ingress
import dev.restate.client.IngressException
import dev.restate.sdk.common.TerminalException
import dev.restate.sdk.kotlin.Context
import dev.restate.sdk.kotlin.ObjectContext
import dev.restate.sdk.kotlin.SharedObjectContext

class Desk : DeskBase() {
    override suspend fun look(ctx: SharedObjectContext): DeskView =
        deskView {
            language = "kotlin"
            text = ctx.key()
            key = KEY.of(ctx)
        }

    override suspend fun ask(ctx: ObjectContext, request: Refused) {
        throw KotlinRefused(request, "refused: ${request.reason}")
    }

    override suspend fun register(ctx: ObjectContext, request: Guest) {}

    override suspend fun scan(ctx: ObjectContext, request: ByteArray): ByteArray =
        request.reversedArray()
}

class Visitor : VisitorBase() {
    override suspend fun visit(ctx: Context, request: VisitRequest): VisitReport =
        visit(inHandler(ctx, request), request)
}

/** What the clients of a desk have in common, in handlers and outside. */
class AnyDesk(
    val look: suspend () -> DeskView,
    val ask: suspend (Refused) -> Unit,
    val register: suspend (Guest) -> Unit,
    val scan: suspend (ByteArray) -> ByteArray,
)

suspend fun visit(desk: AnyDesk, request: VisitRequest): VisitReport =
    visitReport {
        try {
            when (request.errand) {
                Errand.ERRAND_ASK -> desk.ask(request.refused)
                Errand.ERRAND_REGISTER -> desk.register(request.guest)
                Errand.ERRAND_SCAN -> image = desk.scan(request.document.toByteArray()).toByteString()
                else -> seen = desk.look()
            }
        } catch (e: TerminalException) {
            code = e.code
            text = e.message.orEmpty()
            when (e) {
                is GoRefused -> refused = e.detail
                is JavaRefused -> refused = e.detail
                is KotlinRefused -> refused = e.detail
                is PythonRefused -> refused = e.detail
                is TypeScriptRefused -> refused = e.detail
                is GoViolations -> brokenRules += rulesOf(e.detail)
                is JavaViolations -> brokenRules += rulesOf(e.detail)
                is KotlinViolations -> brokenRules += rulesOf(e.detail)
                is PythonViolations -> brokenRules += rulesOf(e.detail)
                is TypeScriptViolations -> brokenRules += rulesOf(e.detail)
            }
        } catch (e: IngressException) {
            code = e.statusCode
            text = e.message.orEmpty()
        }
    }

private fun rulesOf(violations: Violations): List<String> = violations.violationsList.map { it.ruleId }

private fun inHandler(ctx: Context, request: VisitRequest): AnyDesk =
    when (request.callee) {
        Language.LANGUAGE_GO ->
            with(GoDesk.fromContext(ctx, request.key)) {
                AnyDesk({ look().await() }, { ask(it).await() }, { register(it).await() }, { scan(it).await() })
            }
        Language.LANGUAGE_JAVA ->
            with(JavaDesk.fromContext(ctx, request.key)) {
                AnyDesk({ look().await() }, { ask(it).await() }, { register(it).await() }, { scan(it).await() })
            }
        Language.LANGUAGE_KOTLIN ->
            with(KotlinDesk.fromContext(ctx, request.key)) {
                AnyDesk({ look().await() }, { ask(it).await() }, { register(it).await() }, { scan(it).await() })
            }
        Language.LANGUAGE_PYTHON ->
            with(PythonDesk.fromContext(ctx, request.key)) {
                AnyDesk({ look().await() }, { ask(it).await() }, { register(it).await() }, { scan(it).await() })
            }
        Language.LANGUAGE_TYPESCRIPT ->
            with(TypeScriptDesk.fromContext(ctx, request.key)) {
                AnyDesk({ look().await() }, { ask(it).await() }, { register(it).await() }, { scan(it).await() })
            }
        else -> throw TerminalException(400, "no such desk: ${request.callee}")
    }

fun outside(client: Ingress, request: VisitRequest): AnyDesk =
    when (request.callee) {
        Language.LANGUAGE_GO ->
            with(GoDesk.fromClient(client, request.key)) {
                AnyDesk({ look() }, { ask(it) }, { register(it) }, { scan(it) })
            }
        Language.LANGUAGE_JAVA ->
            with(JavaDesk.fromClient(client, request.key)) {
                AnyDesk({ look() }, { ask(it) }, { register(it) }, { scan(it) })
            }
        Language.LANGUAGE_KOTLIN ->
            with(KotlinDesk.fromClient(client, request.key)) {
                AnyDesk({ look() }, { ask(it) }, { register(it) }, { scan(it) })
            }
        Language.LANGUAGE_PYTHON ->
            with(PythonDesk.fromClient(client, request.key)) {
                AnyDesk({ look() }, { ask(it) }, { register(it) }, { scan(it) })
            }
        Language.LANGUAGE_TYPESCRIPT ->
            with(TypeScriptDesk.fromClient(client, request.key)) {
                AnyDesk({ look() }, { ask(it) }, { register(it) }, { scan(it) })
            }
        else -> throw TerminalException(400, "no such desk: ${request.callee}")
    }
