package polyglot

import com.polyglot.kotlin.v1.CallerBase
import com.polyglot.values.v1.CallReport
import com.polyglot.values.v1.CallRequest
import com.polyglot.values.v1.Encoding
import com.polyglot.values.v1.Kind
import com.polyglot.values.v1.Language
import com.polyglot.values.v1.Mode
import com.polyglot.values.v1.Values
import com.polyglot.values.v1.View
import com.polyglot.values.v1.callReport
import dev.restate.client.Client as Ingress
import dev.restate.client.SendResponse
import dev.restate.sdk.common.TerminalException
import dev.restate.sdk.kotlin.CallDurableFuture
import dev.restate.sdk.kotlin.Context
import dev.restate.sdk.kotlin.InvocationHandle
import kotlin.time.Duration.Companion.milliseconds

val DELAY = 10.milliseconds

/** Calls the services of all teams, with their generated clients. */
class Caller : CallerBase() {
    override suspend fun call(ctx: Context, request: CallRequest): CallReport {
        val client = client(request)
        val seen =
            if (request.mode == Mode.MODE_SEND) {
                client.send(ctx, request.key, request.values).attach().await()
            } else {
                client.call(ctx, request.key, request.values).await()
            }
        return callReport {
            calleeView = seen
            callerView = view(seen.values, seen.encoding, request.key)
            client.later?.let { laterView = it(ctx, request.key).await() }
        }
    }
}

/** The client for a request. */
fun client(request: CallRequest): Client {
    val isJson = request.encoding == Encoding.ENCODING_JSON
    val team =
        when (request.callee) {
            Language.LANGUAGE_PYTHON -> if (isJson) pythonJson else pythonBinary
            Language.LANGUAGE_JAVA -> if (isJson) javaJson else javaBinary
            Language.LANGUAGE_KOTLIN -> if (isJson) kotlinJson else kotlinBinary
            Language.LANGUAGE_GO -> if (isJson) goJson else goBinary
            Language.LANGUAGE_TYPESCRIPT -> if (isJson) typescriptJson else typescriptBinary
            else -> throw TerminalException(400, "no such team: ${request.callee}")
        }
    return when (request.kind) {
        Kind.KIND_SERVICE -> team.mirror
        Kind.KIND_OBJECT -> team.locker
        Kind.KIND_WORKFLOW -> team.journey
        else -> throw TerminalException(400, "no such kind: ${request.kind}")
    }
}

/** What the generated clients of each team have in common. */
class Team(val mirror: Client, val locker: Client, val journey: Client)

/** How a client calls, how it sends, what it asks afterwards, if anything; and from outside. */
class Client(
    val call: suspend (Context, String, Values) -> CallDurableFuture<View>,
    val send: suspend (Context, String, Values) -> InvocationHandle<View>,
    val later: (suspend (Context, String) -> CallDurableFuture<View>)? = null,
    val outside: Outside,
)

/** The same from outside of Restate. */
class Outside(
    val call: suspend (Ingress, String, Values) -> View,
    val send: suspend (Ingress, String, Values) -> SendResponse<View>,
    val later: (suspend (Ingress, String) -> View)? = null,
)
