package benchmark;

import dev.restate.sdk.endpoint.Endpoint;
import dev.restate.sdk.http.vertx.RestateHttpServer;

/** The benchmark services on the official Java SDK: `java -cp ... benchmark.Main PORT`. */
public final class Main {
  private Main() {}

  public static void main(String[] args) {
    Endpoint endpoint =
        Endpoint.bind(new Greeter()).bind(new Tally()).bind(new Steps()).build();
    RestateHttpServer.fromEndpoint(endpoint)
        .listen(Integer.parseInt(args[0]), "127.0.0.1")
        .toCompletionStage()
        .toCompletableFuture()
        .join();
  }
}
