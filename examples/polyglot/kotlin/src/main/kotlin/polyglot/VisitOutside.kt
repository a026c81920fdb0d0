package polyglot

import com.polyglot.values.v1.VisitRequest
import dev.restate.client.Client as Ingress
import java.io.File
import java.util.Base64
import kotlin.system.exitProcess

/**
 * Visits the desks of all teams from outside of Restate. The arguments are the address of the ingress
 * and a file with VisitRequests, each a line in base64. For each it prints a line: "report", and the
 * VisitReport in base64; or "failed", and why.
 */
suspend fun main(args: Array<String>) {
    val client = Ingress.connect(args[0])
    for (line in File(args[1]).readLines()) {
        val request = VisitRequest.parseFrom(Base64.getDecoder().decode(line))
        try {
            val report = visit(outside(client, request), request).toByteArray()
            println("report ${Base64.getEncoder().encodeToString(report)}")
        } catch (e: RuntimeException) {
            println("failed ${e.toString().replace('\n', ' ')}")
        }
    }
    exitProcess(0) // the client has threads
}
