package polyglot

import com.polyglot.values.v1.CallReport
import com.polyglot.values.v1.CallRequest
import com.polyglot.values.v1.Mode
import com.polyglot.values.v1.callReport
import dev.restate.client.Client as Ingress
import dev.restate.client.kotlin.attachSuspend
import java.io.File
import java.util.Base64
import kotlin.system.exitProcess

/**
 * Calls the services of all teams from outside of Restate. The arguments are the address of the
 * ingress and a file with CallRequests, each a line in base64. For each it prints a line: "report",
 * and the CallReport in base64; or "failed", and why.
 */
suspend fun main(args: Array<String>) {
    val client = Ingress.connect(args[0])
    for (line in File(args[1]).readLines()) {
        val request = CallRequest.parseFrom(Base64.getDecoder().decode(line))
        try {
            val report = call(client, request).toByteArray()
            println("report ${Base64.getEncoder().encodeToString(report)}")
        } catch (e: RuntimeException) {
            println("failed ${e.toString().replace('\n', ' ')}")
        }
    }
    exitProcess(0) // the client has threads
}

private suspend fun call(client: Ingress, request: CallRequest): CallReport {
    val outside = client(request).outside
    val seen =
        if (request.mode == Mode.MODE_SEND) {
            outside.send(client, request.key, request.values).attachSuspend().response()
        } else {
            outside.call(client, request.key, request.values)
        }
    return callReport {
        calleeView = seen
        callerView = view(seen.values, seen.encoding, request.key)
        outside.later?.let { laterView = it(client, request.key) }
    }
}
