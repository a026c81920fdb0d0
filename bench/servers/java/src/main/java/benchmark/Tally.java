package benchmark;

import dev.restate.sdk.ObjectContext;
import dev.restate.sdk.annotation.Handler;
import dev.restate.sdk.annotation.VirtualObject;
import dev.restate.sdk.common.StateKey;

/** Reads state and writes state. */
@VirtualObject
public class Tally {
  private static final StateKey<Long> COUNT = StateKey.of("count", Long.class);

  @Handler
  public long add(ObjectContext ctx, long amount) {
    long count = ctx.get(COUNT).orElse(0L) + amount;
    ctx.set(COUNT, count);
    return count;
  }
}
