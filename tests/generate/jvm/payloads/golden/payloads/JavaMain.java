package golden.payloads;

import dev.restate.common.Target;

final class JavaMain {
  public static void main(String[] arguments) {
    Checks.run(
        JsonHandlers.PACK.requestSerde(),
        JsonHandlers.TIME.requestSerde(),
        BinaryHandlers.TIME.requestSerde(),
        JsonHandlers.TIME.responseSerde(),
        BinaryHandlers.TIME.responseSerde(),
        JsonHandlers.PACK.responseSerde(),
        BinaryHandlers.PACK.responseSerde());

    Strict request = Strict.newBuilder().setName("ada").build();
    Target wanted = Target.virtualObject("golden.payloads.Binary", "ada", "Keyed");
    for (String key : new String[] {null, "ada"}) {
      Target got = BinaryHandlers.KEYED.request(key, request).getTarget();
      if (!got.equals(wanted)) {
        throw new AssertionError(got);
      }
    }
    refused(() -> BinaryHandlers.KEYED.request("bob", request));
    refused(() -> BinaryHandlers.KEYED.request("", Strict.getDefaultInstance()));
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
