/** The desks of the Kotlin team, and how it visits those of others: typed keys and errors, bytes. */
package polyglot

import com.google.protobuf.ByteString
import com.polyglot.java.v1.DeskClient as JavaDesk
import com.polyglot.java.v1.RefusedException as JavaRefused
import com.polyglot.kotlin.v1.DeskBase
import com.polyglot.kotlin.v1.DeskClient as KotlinDesk
import com.polyglot.kotlin.v1.RefusedException as KotlinRefused
import com.polyglot.kotlin.v1.VisitorBase
import com.polyglot.python.v1.DeskClient as PythonDesk
import com.polyglot.python.v1.RefusedException as PythonRefused
import com.polyglot.values.v1.DeskView
import com.polyglot.values.v1.Errand
import com.polyglot.values.v1.Language
import com.polyglot.values.v1.Refused
import com.polyglot.values.v1.VisitReport
import com.polyglot.values.v1.VisitRequest
import dev.restate.client.Client as Ingress
import dev.restate.client.IngressException
import dev.restate.sdk.common.TerminalException
import dev.restate.sdk.kotlin.Context
import dev.restate.sdk.kotlin.ObjectContext
import dev.restate.sdk.kotlin.SharedObjectContext

class Desk : DeskBase() {
    override suspend fun look(ctx: SharedObjectContext): DeskView =
        DeskView.newBuilder()
            .setLanguage("kotlin")
            .setText(ctx.key())
            .setKey(KEY.of(ctx))
            .build()

    override suspend fun ask(ctx: ObjectContext, request: Refused) {
        throw KotlinRefused(request, "refused: ${request.reason}")
    }

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
    val scan: suspend (ByteArray) -> ByteArray,
)

suspend fun visit(desk: AnyDesk, request: VisitRequest): VisitReport {
    val report = VisitReport.newBuilder()
    try {
        when (request.errand) {
            Errand.ERRAND_ASK -> desk.ask(request.refused)
            Errand.ERRAND_SCAN ->
                report.image = ByteString.copyFrom(desk.scan(request.document.toByteArray()))
            else -> report.seen = desk.look()
        }
    } catch (e: TerminalException) {
        report.code = e.code
        report.text = e.message
        when (e) {
            is JavaRefused -> report.refused = e.detail
            is KotlinRefused -> report.refused = e.detail
            is PythonRefused -> report.refused = e.detail
        }
    } catch (e: IngressException) {
        report.code = e.statusCode
        report.text = e.message
    }
    return report.build()
}

private fun inHandler(ctx: Context, request: VisitRequest): AnyDesk =
    when (request.callee) {
        Language.LANGUAGE_JAVA ->
            with(JavaDesk.fromContext(ctx, request.key)) {
                AnyDesk({ look().await() }, { ask(it).await() }, { scan(it).await() })
            }
        Language.LANGUAGE_KOTLIN ->
            with(KotlinDesk.fromContext(ctx, request.key)) {
                AnyDesk({ look().await() }, { ask(it).await() }, { scan(it).await() })
            }
        Language.LANGUAGE_PYTHON ->
            with(PythonDesk.fromContext(ctx, request.key)) {
                AnyDesk({ look().await() }, { ask(it).await() }, { scan(it).await() })
            }
        else -> throw TerminalException(400, "no such desk: ${request.callee}")
    }

fun outside(client: Ingress, request: VisitRequest): AnyDesk =
    when (request.callee) {
        Language.LANGUAGE_JAVA ->
            with(JavaDesk.fromClient(client, request.key)) {
                AnyDesk({ look() }, { ask(it) }, { scan(it) })
            }
        Language.LANGUAGE_KOTLIN ->
            with(KotlinDesk.fromClient(client, request.key)) {
                AnyDesk({ look() }, { ask(it) }, { scan(it) })
            }
        Language.LANGUAGE_PYTHON ->
            with(PythonDesk.fromClient(client, request.key)) {
                AnyDesk({ look() }, { ask(it) }, { scan(it) })
            }
        else -> throw TerminalException(400, "no such desk: ${request.callee}")
    }
