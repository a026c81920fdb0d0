package golden.payloads;

import dev.restate.common.Target;

final class JavaMain {
  public static void main(String[] arguments) {
    Checks.run(
        JsonHandlers.Metadata.Serde.PACK_INPUT,
        JsonHandlers.Metadata.Serde.TIME_INPUT,
        BinaryHandlers.Metadata.Serde.TIME_INPUT,
        JsonHandlers.Metadata.Serde.TIME_OUTPUT,
        BinaryHandlers.Metadata.Serde.TIME_OUTPUT,
        JsonHandlers.Metadata.Serde.PACK_OUTPUT,
        BinaryHandlers.Metadata.Serde.PACK_OUTPUT);

    Strict request = Strict.newBuilder().setName("ada").build();
    Target wanted = Target.virtualObject("golden.payloads.Binary", "ada", "Keyed");
    for (String key : new String[] {null, "ada"}) {
      Target got = BinaryHandlers.keyed(key, request).getTarget();
      if (!got.equals(wanted)) {
        throw new AssertionError(got);
      }
    }
    refused(() -> BinaryHandlers.keyed("bob", request));
    refused(() -> BinaryHandlers.keyed("", Strict.getDefaultInstance()));
  }

  private static void refused(Runnable request) {
    try {
      request.run();
    } catch (IllegalArgumentException expected) {
      return;
    }
    throw new AssertionError("the key was not checked");
  }
}
