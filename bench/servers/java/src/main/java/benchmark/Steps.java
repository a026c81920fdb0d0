package benchmark;

import benchmark.Greeter.GreetRequest;
import benchmark.Greeter.GreetResponse;
import dev.restate.sdk.Context;
import dev.restate.sdk.annotation.Handler;
import dev.restate.sdk.annotation.Raw;
import dev.restate.sdk.annotation.Service;
import java.time.Duration;

/** Each handler takes one thing that handlers do. */
@Service
public class Steps {
  public record Replay(int steps) {}

  @Handler
  public GreetResponse run(Context ctx, GreetRequest request) {
    return ctx.run("step", GreetResponse.class, () -> Greeter.greeting(request));
  }

  @Handler
  public GreetResponse call(Context ctx, GreetRequest request) {
    return GreeterClient.fromContext(ctx).greet(request).await();
  }

  @Handler
  public Replay replay(Context ctx, Replay request) {
    int sum = 0;
    for (int step = 0; step < request.steps(); step++) {
      sum += ctx.run("step", Integer.class, () -> 1);
    }
    return new Replay(sum);
  }

  @Handler
  @Raw
  public byte[] echo(Context ctx, @Raw byte[] body) {
    return body;
  }

  @Handler
  public GreetResponse park(Context ctx, GreetRequest request) {
    ctx.sleep(Duration.ofHours(1));
    return Greeter.greeting(request);
  }
}
