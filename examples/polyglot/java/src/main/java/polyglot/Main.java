package polyglot;

import dev.restate.sdk.endpoint.Endpoint;
import dev.restate.sdk.http.vertx.RestateHttpServer;

/** The endpoint of the Java team: the services of polyglot/java/v1 on 127.0.0.1:$PORT. */
public final class Main {
  private Main() {}

  public static void main(String[] args) {
    Endpoint endpoint =
        Endpoint.bind(new Services.Mirror())
            .bind(new Services.Locker())
            .bind(new Services.Journey())
            .bind(new Services.JsonMirror())
            .bind(new Services.JsonLocker())
            .bind(new Services.JsonJourney())
            .bind(new Caller())
            .bind(new Desks.Desk())
            .bind(new Desks.Visitor())
            .build();
    int port = Integer.parseInt(System.getenv("PORT"));
    RestateHttpServer.fromEndpoint(endpoint)
        .listen(port, "127.0.0.1")
        .toCompletionStage()
        .toCompletableFuture()
        .join();
    System.out.println("ready");
  }
}
