package benchmark;

import dev.restate.sdk.Context;
import dev.restate.sdk.annotation.Handler;
import dev.restate.sdk.annotation.Service;

/** Answers at once. */
@Service
public class Greeter {
  public record GreetRequest(String name) {}

  public record GreetResponse(String greeting) {}

  static GreetResponse greeting(GreetRequest request) {
    return new GreetResponse("Hello " + request.name());
  }

  @Handler
  public GreetResponse greet(Context ctx, GreetRequest request) {
    return greeting(request);
  }
}
