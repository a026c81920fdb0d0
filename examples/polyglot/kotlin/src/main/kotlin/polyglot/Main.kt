package polyglot

import dev.restate.sdk.http.vertx.RestateHttpServer
import dev.restate.sdk.kotlin.endpoint.endpoint

/** The endpoint of the Kotlin team: the services of polyglot/kotlin/v1 on 127.0.0.1:$PORT. */
fun main() {
    val endpoint = endpoint {
        bind(Mirror())
        bind(Locker())
        bind(Journey())
        bind(JsonMirror())
        bind(JsonLocker())
        bind(JsonJourney())
        bind(Caller())
        bind(Desk())
        bind(Visitor())
    }
    val port = System.getenv("PORT").toInt()
    val server = RestateHttpServer.fromEndpoint(endpoint)
    server.listen(port, "127.0.0.1").toCompletionStage().toCompletableFuture().join()
    println("ready")
}
