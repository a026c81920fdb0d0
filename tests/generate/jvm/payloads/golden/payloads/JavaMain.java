package golden.payloads;

import dev.restate.client.IngressException;
import dev.restate.common.Request;
import dev.restate.common.Target;
import dev.restate.serde.Serde;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionException;

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
    Checks.errors(
        failure ->
            RefusalException.from(failure)
                .map(found -> List.of(found.getDetail(), found.getMessage(), found.getCode()))
                .orElse(List.of()));
    // A client throws the error of the contract, and any other as it is.
    IngressException other = Checks.failure("{}");
    for (IngressException failed : List.of(Checks.REFUSED, other)) {
      raised(failed, () -> RestateHandler.raising(() -> fail(failed), RefusalException::from));
      CompletableFuture<Strict> later = CompletableFuture.failedFuture(failed);
      raised(
          failed,
          () -> {
            try {
              RestateHandler.raising(later.thenApply(found -> found), RefusalException::from).join();
            } catch (CompletionException e) {
              throw (RuntimeException) e.getCause();
            }
          });
    }
    // What an SDK with metadata sends.
    if (!new RefusalException(Checks.REFUSAL, "no").getMetadata().equals(Checks.METADATA)) {
      throw new AssertionError("the metadata of an error");
    }

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

  private static Strict fail(IngressException failed) {
    throw failed;
  }

  private static void raised(IngressException failed, Runnable call) {
    try {
      call.run();
    } catch (RefusalException e) {
      if (failed == Checks.REFUSED && e.getCause() == failed) {
        return;
      }
    } catch (IngressException e) {
      if (failed != Checks.REFUSED && e == failed) {
        return;
      }
    }
    throw new AssertionError("the client does not throw what the call has failed with");
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
