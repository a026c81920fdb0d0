package golden.payloads;

import com.google.protobuf.Any;
import com.google.protobuf.ListValue;
import com.google.protobuf.Timestamp;
import com.google.protobuf.Value;
import dev.restate.client.IngressException;
import dev.restate.common.Slice;
import dev.restate.serde.Serde;
import java.nio.ByteBuffer;
import java.util.Arrays;
import java.util.List;
import java.util.Objects;
import java.util.Map;
import java.util.function.Function;

/** What the generated serdes read and write, which is the same in Java and in Kotlin. */
public final class Checks {
  private static final String KEY = "restatepb.detail/golden.payloads.Refusal";
  private static final String DETAIL = "CgNhZGESBQoBYRABEgUKAWIQAg==";
  public static final Refusal REFUSAL =
      Refusal.newBuilder().setBy("ada").putCounts("b", 2).putCounts("a", 1).build();
  private static final String ANSWER =
      "{\"code\":422,\"message\":\"\\\"no\\\"\",\"metadata\":{\"%s\":\"%s\"},"
          + "\"source\":\"invocation\"}";
  public static final Map<String, String> METADATA = Map.of(KEY, DETAIL);
  public static final IngressException REFUSED = failure(ANSWER.formatted(KEY, DETAIL));

  private Checks() {}

  public static void run(
      Serde<Any> jsonAny,
      Serde<Timestamp> jsonTime,
      Serde<Timestamp> binaryTime,
      Serde<Value> jsonValue,
      Serde<Value> binaryValue,
      Serde<Strict> json,
      Serde<Strict> binary) {
    Strict message =
        Strict.newBuilder().setName("x").putCounts("b", 2).putCounts("a", 1).build();

    String text = "{\"name\":\"x\",\"counts\":{\"a\":1,\"b\":2}}";
    equal(text(json.serialize(message)), text);
    equal(json.deserialize(Slice.wrap(text)), message);
    equal(binary.deserialize(Slice.wrap(text)), message);
    equal(json.deserialize(binary.serialize(message)), message);
    equal(json.deserialize(Slice.wrap("{\"name\":\"x\",\"new\":[1]}")).getName(), "x");
    byte[] sorted = {
      10, 1, 'x', 18, 5, 10, 1, 'a', 16, 1, 18, 5, 10, 1, 'b', 16, 2,
    };
    equal(binary.serialize(message).asReadOnlyByteBuffer(), ByteBuffer.wrap(sorted));

    // Required fields are the handler's to look at.
    equal(json.deserialize(Slice.wrap("{}")), Strict.getDefaultInstance());
    equal(json.deserialize(Slice.EMPTY), Strict.getDefaultInstance());
    equal(binary.deserialize(Slice.EMPTY), Strict.getDefaultInstance());

    // An Any may hold what the contract can see, whatever file it is in.
    String any = "{\"@type\":\"type.googleapis.com/golden.payloads.Strict\",\"name\":\"x\"}";
    equal(text(jsonAny.serialize(jsonAny.deserialize(Slice.wrap(any)))), any);

    // Their ProtoJSON is no object, and still either is read, whatever the contract says.
    Timestamp time = Timestamp.newBuilder().setSeconds(5).build();
    for (Serde<Timestamp> reader : List.of(jsonTime, binaryTime)) {
      equal(reader.deserialize(Slice.wrap("\"1970-01-01T00:00:05Z\"")), time);
      equal(reader.deserialize(Slice.wrap(time.toByteArray())), time);
    }
    Value two = Value.newBuilder().setNumberValue(22).build();
    Value list = Value.newBuilder().setListValue(ListValue.newBuilder().addValues(two)).build();
    for (Value value : List.of(two, list, Value.newBuilder().setStringValue("2").build())) {
      for (Serde<Value> reader : List.of(jsonValue, binaryValue)) {
        for (Serde<Value> writer : List.of(jsonValue, binaryValue)) {
          equal(reader.deserialize(writer.serialize(value)), value);
        }
      }
    }

    zeros(json);

    refused(binary, new byte[] {12}); // the end of a group that has not begun
    refused(binary, new byte[] {10, 5, 'x'});
    refused(binary, "{\"name\":".getBytes());
    refused(json, new byte[] {'{', '"', (byte) 0xff, '"', ':', '1', '}'});
    refused(json, "{\"name\":[]}".getBytes());
    refused(json, "{\"inner\":".repeat(200).concat("{}").concat("}".repeat(200)).getBytes());
    System.out.println("checked");
  }

  /** A negative zero keeps its sign, and nothing else is read as one. */
  private static void zeros(Serde<Strict> json) {
    for (String zero : List.of("-0", "-0.0", "-0.000", "-0e5", "-0.0E-7", "-1e-400")) {
      Strict read = json.deserialize(Slice.wrap("{\"ratio\":" + zero + ",\"name\":\"-0\"}"));
      equal(Double.doubleToRawLongBits(read.getRatio()), Double.doubleToRawLongBits(-0.0));
      equal(read.getName(), "-0");
    }
    for (String number : List.of("0", "0.0", "-0.5", "-0.05", "1e-0", "1E-05", "10e-01", "-1e-0")) {
      Strict read = json.deserialize(Slice.wrap("{\"ratio\":" + number + "}"));
      equal(read.getRatio(), Double.valueOf(number));
    }
    // In quotation marks it might be a string, so protobuf-java reads it: the pages say so.
    Strict quoted = json.deserialize(Slice.wrap("{\"ratio\":\"-0.0\"}"));
    equal(Double.doubleToRawLongBits(quoted.getRatio()), Double.doubleToRawLongBits(0.0));
    Strict both = json.deserialize(Slice.wrap("{\"count\":-0,\"ratio\":-0.0}"));
    equal(both.toBuilder().clearRatio().buildPartial(), Strict.newBuilder().setCount(0).buildPartial());
    String name = "\\\" : -0, \\\\".repeat(10_000);
    Strict read = json.deserialize(Slice.wrap("{\"name\":\"" + name + "\",\"ratio\":-0}"));
    equal(read.getName(), "\" : -0, \\".repeat(10_000));
    equal(1 / read.getRatio(), Double.NEGATIVE_INFINITY);
  }

  /** What stands for google.protobuf.Empty: nothing is written, and whatever is read is nothing. */
  public static <T> void nothing(T nothing, Serde<T> json, Serde<T> binary) {
    equal(text(json.serialize(nothing)), "{}");
    equal(binary.serialize(nothing).readableBytes(), 0);
    equal(String.valueOf(binary.contentType()), "null");
    for (Serde<T> serde : List.of(json, binary)) {
      for (String payload : List.of("", "{}", "{\"new\":1}")) {
        equal(String.valueOf(serde.deserialize(Slice.wrap(payload))), String.valueOf(nothing));
      }
    }
  }

  /** What the errors of failures are: their details, messages and codes; nothing for others. */
  public static void errors(Function<IngressException, List<?>> read) {
    equal(read.apply(REFUSED), List.of(REFUSAL, "\"no\"", 422));
    for (String other :
        Arrays.asList(
            ANSWER.formatted("restatepb.detail/golden.payloads.Strict", DETAIL),
            ANSWER.formatted(KEY, "no base64"),
            ANSWER.formatted(KEY, "////"),
            "{\"code\":422,\"message\":\"no\",\"source\":\"invocation\"}",
            "{\"metadata\":3}",
            "[]",
            "no JSON",
            "",
            null)) {
      equal(read.apply(failure(other)), List.of());
    }
  }

  static IngressException failure(String body) {
    byte[] bytes = body == null ? null : body.getBytes();
    return new IngressException("failed", "POST", "/", 422, bytes, null);
  }

  private static String text(Slice slice) {
    return new String(slice.toByteArray());
  }

  private static void equal(Object got, Object wanted) {
    if (!Objects.equals(got, wanted)) {
      throw new AssertionError("got " + got + ", wanted " + wanted);
    }
  }

  private static void refused(Serde<Strict> serde, byte[] payload) {
    Object got;
    try {
      got = serde.deserialize(Slice.wrap(payload));
    } catch (Exception expected) {
      return;
    }
    throw new AssertionError("took " + new String(payload) + " as " + got);
  }

  /** Checks that keys are written and read as Python does, and that nothing else is a key. */
  public static void keys(Function<PayloadKey, String> format, Function<String, PayloadKey> parse) {
    PayloadKey key =
        PayloadKey.newBuilder()
            .setTeam("core")
            .setLane(-7)
            .setKindValue(9)
            .setTest(true)
            .setBig(-1)
            .setSmall(-1)
            .setNumber(Long.MIN_VALUE)
            .setBranch("a::b/c")
            .build();
    String text = "q/core::-7-9/true:18446744073709551615|4294967295 -9223372036854775808:a::b/c";
    equal(format.apply(key), text);
    equal(parse.apply(text), key);
    equal(format.apply(PayloadKey.getDefaultInstance()), "q/::0-0/false:0|0 0:");
    for (String team : new String[] {"a::b", "::", "a:"}) {
      refused(() -> format.apply(PayloadKey.newBuilder().setTeam(team).build()));
    }
    for (String wrong :
        new String[] {
          "",
          "core",
          "q/core",
          text.substring(2),
          text.replace("-7-", "-07-"),
          text.replace("-7-", "+7-"),
          text.replace("-7-", "-0-"),
          text.replace("-7-", "-"),
          text.replace("-7-", "2147483648-"),
          text.replace("true", "True"),
          text.replace("true:", "true"),
          text.replace("4294967295", "4294967296"),
        }) {
      refused(() -> parse.apply(wrong));
    }
  }

  /** Checks how a serde of bytes writes them, and what it says that they are. */
  public static void bytes(Serde<byte[]> serde, String contentType) {
    byte[] data = {'{', -1, 0};
    equal(serde.contentType(), contentType);
    equal(serde.serialize(data).readableBytes(), 3);
    equal(Arrays.equals(data, serde.deserialize(serde.serialize(data))), true);
  }

  private static void refused(Runnable action) {
    try {
      action.run();
    } catch (IllegalArgumentException expected) {
      return;
    }
    throw new AssertionError("what is no key was taken");
  }
}
