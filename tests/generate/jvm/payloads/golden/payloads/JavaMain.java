package golden.payloads;

import dev.restate.common.Request;
import dev.restate.common.Target;
import dev.restate.serde.Serde;

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
    Checks.nothing(
        null, JsonHandlers.NOTHING.requestSerde(), BinaryHandlers.NOTHING.responseSerde());

    Checks.keys(KeyedBase.KEY::format, KeyedBase.KEY::parse);
    Checks.bytes(KeyedHandlers.COPY.requestSerde(), null);
    Checks.bytes(KeyedHandlers.COPY.responseSerde(), "image/png");
    Checks.bytes(KeyedHandlers.SCAN.requestSerde(), "application/octet-stream");
    PayloadKey waits = PayloadKey.newBuilder().setTeam("sign_1").build();
    if (!PayloadKeyAwakeables.TEAM.id(waits).equals("sign_1")) {
      throw new AssertionError(waits);
    }
    refused(() -> PayloadKeyAwakeables.TEAM.id(PayloadKey.getDefaultInstance()));

    Strict request = Strict.newBuilder().setName("ada").build();
    Target wanted = Target.virtualObject("golden.payloads.Binary", "ada", "Keyed");
    for (String key : new String[] {null, "ada"}) {
      Target got = BinaryHandlers.KEYED.request(key, request).getTarget();
      if (!got.equals(wanted)) {
        throw new AssertionError(got);
      }
    }
    refused(() -> BinaryHandlers.KEYED.request("bob", request));

    RestateHandler.Option option = options -> options.idempotencyKey("abc");
    String key = BinaryHandlers.KEYED.request(request, null, option).getIdempotencyKey();
    if (!"abc".equals(key)) {
      throw new AssertionError(key);
    }
    BinaryHandlers.KEYED.request("ada", request, (RestateHandler.Option[]) null);

    // From outside an empty message goes as JSON, and what is always empty as nothing.
    Strict empty = Strict.getDefaultInstance();
    String type = serde(BinaryHandlers.KEYED.ingressRequest("ada", empty)).contentType();
    if (!"application/json".equals(type)
        || serde(BinaryHandlers.KEYED.request("ada", empty)).contentType().equals(type)
        || serde(BinaryHandlers.NOTHING.ingressRequest("ada", null)).contentType() != null) {
      throw new AssertionError(type);
    }
    refused(() -> BinaryHandlers.KEYED.request("", Strict.getDefaultInstance()));
  }

  private static Serde<?> serde(Request<?, ?> request) {
    return (Serde<?>) request.getRequestTypeTag();
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
