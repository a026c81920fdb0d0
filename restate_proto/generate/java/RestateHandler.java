package PACKAGE;

import com.google.protobuf.CodedInputStream;
import com.google.protobuf.CodedOutputStream;
import com.google.protobuf.Descriptors.FileDescriptor;
import com.google.protobuf.Empty;
import com.google.protobuf.InvalidProtocolBufferException;
import com.google.protobuf.Message;
import com.google.protobuf.Struct;
import com.google.protobuf.TypeRegistry;
import com.google.protobuf.Value;
import com.google.protobuf.util.JsonFormat;
import dev.restate.client.Client;
import dev.restate.client.IngressException;
import dev.restate.common.Request;
import dev.restate.common.RequestBuilder;
import dev.restate.common.Slice;
import dev.restate.common.Target;
import dev.restate.common.function.ThrowingBiConsumer;
import dev.restate.common.function.ThrowingBiFunction;
import dev.restate.common.function.ThrowingConsumer;
import dev.restate.common.function.ThrowingFunction;
import dev.restate.sdk.Context;
import dev.restate.sdk.common.HandlerRequest;
import dev.restate.sdk.common.TerminalException;
import dev.restate.sdk.endpoint.definition.HandlerDefinition;
import dev.restate.sdk.endpoint.definition.HandlerRunner;
import dev.restate.sdk.endpoint.definition.HandlerType;
import dev.restate.sdk.endpoint.definition.ServiceDefinition;
import dev.restate.sdk.endpoint.definition.ServiceType;
import dev.restate.serde.Serde;
import dev.restate.serde.SerdeFactory;
import dev.restate.serde.TypeRef;
import dev.restate.serde.provider.DefaultSerdeFactoryProvider;
import java.io.IOException;
import java.io.UncheckedIOException;
// Those of java.lang too: a message of the package may have such a name.
import java.lang.Class;
import java.lang.FunctionalInterface;
import java.lang.IllegalArgumentException;
import java.lang.Object;
import java.lang.Override;
import java.lang.ReflectiveOperationException;
import java.lang.RuntimeException;
import java.lang.String;
import java.lang.SuppressWarnings;
import java.lang.Throwable;
import java.lang.Void;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.util.Base64;
import java.util.HashSet;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.ServiceLoader;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionException;
import java.util.function.BiConsumer;
import java.util.function.BiFunction;
import java.util.function.Consumer;
import java.util.function.Function;
import java.util.function.Supplier;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.jspecify.annotations.NullMarked;
import org.jspecify.annotations.Nullable;

/**
 * A handler of a contract: makes requests to it, and binds the method that serves it.
 *
 * <p>Payloads are protobuf binary or ProtoJSON, as the contract says, and zero bytes for the empty
 * message. Either can be read, whatever is written.
 *
 * @param <Req> the request; Void if it is empty
 * @param <Res> the response; Void if it is empty
 */
@SuppressWarnings({"deprecation", "overloads", "removal"})
@NullMarked
public final class RestateHandler<Req extends @Nullable Object, Res extends @Nullable Object> {
  private static final String BINARY = "application/protobuf";
  private static final String JSON = "application/json";
  private static final String EITHER = "application/protobuf+json";
  private static final String BYTES = "application/octet-stream";

  private static final Set<String> BINARY_TYPES =
      Set.of(
          "THE_BINARY_TYPES");
  private static final Set<String> JSON_TYPES =
      Set.of(
          "THE_JSON_TYPES");

  /** A quotation mark, an escaped character of a string, or a number that is -0.0. */
  private static final Pattern NEGATIVE_ZERO =
      Pattern.compile("\"|\\\\.|(?<![eE])-0(\\.0+)?([eE][+-]?\\d+)?(?![\\d.eE])");

  /** The types whose ProtoJSON is not an object, so that no opening brace tells it from binary. */
  private static final Set<String> NO_OBJECTS =
      Set.of(
          "THE_NO_OBJECTS");

  private final Service service;
  private final String name;
  private final HandlerType type;
  private final MessageSerde<Req> requestSerde;
  private final MessageSerde<Res> responseSerde;
  private final Function<Req, String> keyOf;
  private final BiConsumer<String, ? super Req> check;

  private RestateHandler(
      Service service,
      String name,
      HandlerType type,
      MessageSerde<Req> requestSerde,
      MessageSerde<Res> responseSerde,
      Function<Req, String> keyOf,
      BiConsumer<String, ? super Req> check) {
    this.service = service;
    this.name = name;
    this.type = type;
    this.requestSerde = requestSerde;
    this.responseSerde = responseSerde;
    this.keyOf = keyOf;
    this.check = check;
  }

  /** Sets options of one request: {@code options -> options.idempotencyKey("abc")}. */
  @FunctionalInterface
  public interface Option {
    void apply(RequestBuilder<?, ?> options);
  }

  public Serde<Req> requestSerde() {
    return requestSerde;
  }

  public Serde<Res> responseSerde() {
    return responseSerde;
  }

  /** Returns a request without a key, or with the key in a field, for use in a handler. */
  public RequestBuilder<Req, Res> request(Req request, Option... options) {
    return request(null, request, options);
  }

  /** Returns a request for use in a handler. */
  public RequestBuilder<Req, Res> request(@Nullable String key, Req request, Option... options) {
    return build(requestSerde, responseSerde, key, request, options);
  }

  /** Returns a request without a key, or with the key in a field, for use outside of Restate. */
  public RequestBuilder<Req, Res> ingressRequest(Req request, Option... options) {
    return ingressRequest(null, request, options);
  }

  /** Returns a request for use outside of Restate. */
  public RequestBuilder<Req, Res> ingressRequest(
      @Nullable String key, Req request, Option... options) {
    if (request instanceof Message message && message.getSerializedSize() == 0) {
      // Zero bytes need a content type with some endpoints and must have none with others.
      return build(requestSerde.inJson(), responseSerde.inJson(), key, request, options);
    }
    return build(requestSerde, responseSerde, key, request, options);
  }

  private RequestBuilder<Req, Res> build(
      Serde<Req> input,
      Serde<Res> output,
      @Nullable String key,
      Req request,
      Option @Nullable [] options) {
    RequestBuilder<Req, Res> builder = Request.of(target(key, request), input, output, request);
    if (options != null) {
      for (Option option : options) {
        if (option != null) {
          option.apply(builder);
        }
      }
    }
    return builder;
  }

  private Target target(@Nullable String key, Req request) {
    return switch (service.type) {
      case SERVICE -> Target.service(service.name, name);
      case VIRTUAL_OBJECT ->
          Target.virtualObject(service.name, checked(key, keyOf.apply(request)), name);
      case WORKFLOW -> Target.workflow(service.name, checked(key, keyOf.apply(request)), name);
    };
  }

  /** Returns the client's key, or that in the request's key field; they must agree. */
  private String checked(@Nullable String client, String request) {
    String key = request.isEmpty() ? client : request;
    if (key == null || key.isEmpty()) {
      throw new IllegalArgumentException(
          this + " needs a key, which must not be empty: pass it to the client, or in the request");
    }
    if (client != null && !key.equals(client)) {
      throw new IllegalArgumentException(
          this + ": the client is for the key \"" + client + "\", but the request says \"" + key
              + "\"");
    }
    return key;
  }

  /** Returns the handler with raw bytes for its request, its response, or both. */
  RestateHandler<Req, Res> raw(@Nullable String requestType, @Nullable String responseType) {
    return new RestateHandler<>(
        service,
        name,
        type,
        requestSerde.raw(requestType),
        responseSerde.raw(responseType),
        keyOf,
        check);
  }

  /** Returns the handler with a function that may refuse requests, and gets the handler's name. */
  RestateHandler<Req, Res> validating(BiConsumer<String, ? super Req> check) {
    return new RestateHandler<>(service, name, type, requestSerde, responseSerde, keyOf, check);
  }

  /** Returns the run of a workflow. */
  Client.WorkflowHandle<Res> workflowHandle(Client client, @Nullable String key) {
    return client.workflowHandle(service.name, checked(key, ""), responseSerde);
  }

  <C extends Context> HandlerDefinition<Req, Res> bind(
      ThrowingConsumer<C> method, HandlerRunner.@Nullable Options options) {
    ThrowingBiConsumer<C, Req> takesNothing = (context, nothing) -> method.accept(context);
    return bind(takesNothing, options);
  }

  <C extends Context> HandlerDefinition<Req, Res> bind(
      ThrowingFunction<C, Res> method, HandlerRunner.@Nullable Options options) {
    ThrowingBiFunction<C, Req, Res> takesNothing = (context, nothing) -> method.apply(context);
    return bind(takesNothing, options);
  }

  <C extends Context> HandlerDefinition<Req, Res> bind(
      ThrowingBiConsumer<C, Req> method, HandlerRunner.@Nullable Options options) {
    ThrowingBiFunction<C, Req, Res> returnsNothing =
        (context, request) -> {
          method.accept(context, request);
          return null;
        };
    return bind(returnsNothing, options);
  }

  /** Returns the definition of the handler, which answers in the encoding of the request. */
  <C extends Context> HandlerDefinition<Req, Res> bind(
      ThrowingBiFunction<C, Req, Res> method, HandlerRunner.@Nullable Options options) {
    ThrowingBiFunction<C, Req, Res> checked =
        (context, request) -> {
          check.accept(toString(), request);
          return method.apply(context, request);
        };
    HandlerRunner<Req, Res> runner =
        dev.restate.sdk.HandlerRunner.of(
            checked, service, (dev.restate.sdk.HandlerRunner.Options) options);
    HandlerDefinition<Req, Res> definition =
        HandlerDefinition.of(
            name,
            type,
            requestSerde,
            responseSerde.rawType != null
                ? responseSerde
                : Serde.withContentType(service.json ? JSON : EITHER, responseSerde),
            (context, ignoredRequest, ignoredResponse, onClose) -> {
              try {
                service.keys.accept(context.objectKey());
              } catch (IllegalArgumentException e) {
                return CompletableFuture.failedFuture(
                    new TerminalException(400, this + ": bad key: " + e.getMessage()));
              }
              boolean json = requestSerde.isJson(context.request());
              return runner.run(
                  context, requestSerde.only(json), responseSerde.only(json), onClose);
            });
    if (requestSerde.rawType != null) {
      return definition.withAcceptContentType(requestSerde.rawType);
    }
    // The SDK declares that there is nothing to take, or that there has to be something.
    return requestSerde.contentType() == null
        ? definition
        : definition.withAcceptContentType("*/*");
  }

  @Override
  public String toString() {
    return service.name + "/" + name;
  }

  private static byte[] binary(Message message) throws IOException {
    byte[] bytes = new byte[message.getSerializedSize()];
    CodedOutputStream output = CodedOutputStream.newInstance(bytes);
    output.useDeterministicSerialization();
    message.writeTo(output);
    output.checkNoSpaceLeft();
    return bytes;
  }

  /** Returns the metadata of an error that has a message as its detail. */
  static Map<String, String> metadata(Message detail) {
    try {
      return Map.of(metadataKey(detail), Base64.getEncoder().encodeToString(binary(detail)));
    } catch (IOException e) {
      throw new UncheckedIOException("Cannot write " + metadataKey(detail), e);
    }
  }

  private static String metadataKey(Message detail) {
    return "restatepb.detail/" + detail.getDescriptorForType().getFullName();
  }

  /** Reads an error of the contract from a failed call; empty if it is another error. */
  @FunctionalInterface
  interface ErrorReader {
    Optional<? extends TerminalException> read(IngressException failure);
  }

  /** Returns the result of a call; throws the error of the contract that it failed with. */
  static <T> T raising(Supplier<T> call, ErrorReader... readers) {
    try {
      return call.get();
    } catch (IngressException e) {
      throw raised(e, readers);
    }
  }

  /** The same for an asynchronous call. */
  static <T> CompletableFuture<T> raising(CompletableFuture<T> call, ErrorReader... readers) {
    return call.exceptionally(
        thrown -> {
          Throwable cause = thrown instanceof CompletionException ? thrown.getCause() : thrown;
          throw new CompletionException(
              cause instanceof IngressException failure ? raised(failure, readers) : cause);
        });
  }

  private static RuntimeException raised(IngressException failure, ErrorReader[] readers) {
    for (ErrorReader reader : readers) {
      Optional<? extends TerminalException> found = reader.read(failure);
      if (found.isPresent()) {
        found.get().initCause(failure);
        return found.get();
      }
    }
    return failure;
  }

  /** Returns the error in the ingress's answer; empty if it is another error. */
  static <D extends Message, E> Optional<E> failure(
      IngressException failure, D prototype, BiFunction<D, String, E> make) {
    byte[] body = failure.getResponseBody();
    Struct.Builder builder = Struct.newBuilder();
    try {
      JsonFormat.parser()
          .merge(body == null ? "{}" : new String(body, StandardCharsets.UTF_8), builder);
      Value nothing = Value.getDefaultInstance();
      Struct metadata = builder.getFieldsOrDefault("metadata", nothing).getStructValue();
      if (!metadata.containsFields(metadataKey(prototype))) {
        return Optional.empty();
      }
      String text = metadata.getFieldsOrThrow(metadataKey(prototype)).getStringValue();
      String message = builder.getFieldsOrDefault("message", nothing).getStringValue();
      @SuppressWarnings("unchecked")
      D detail = (D) prototype.getParserForType().parseFrom(Base64.getDecoder().decode(text));
      return Optional.of(make.apply(detail, message));
    } catch (InvalidProtocolBufferException | IllegalArgumentException e) {
      return Optional.empty(); // no answer of Restate's, or a detail that cannot be read
    }
  }

  /** What the handlers of a service share; it finds the serdes of messages by their classes. */
  static final class Service implements SerdeFactory {
    private final String name;
    private final ServiceType type;
    private final FileDescriptor file;
    private final boolean json;
    private final Consumer<String> keys;
    private volatile @Nullable TypeRegistry types;
    private final SerdeFactory others =
        ServiceLoader.load(DefaultSerdeFactoryProvider.class)
            .findFirst()
            .map(DefaultSerdeFactoryProvider::create)
            .orElse(SerdeFactory.NOOP);

    /**
     * A service of a contract.
     *
     * @param file what messages a google.protobuf.Any may hold in JSON: those that it can see
     * @param json whether payloads are written in JSON, else in binary
     */
    Service(String name, ServiceType type, FileDescriptor file, boolean json) {
      this(name, type, file, json, key -> {});
    }

    private Service(
        String name, ServiceType type, FileDescriptor file, boolean json, Consumer<String> keys) {
      this.name = name;
      this.type = type;
      this.file = file;
      this.json = json;
      this.keys = keys;
    }

    /** Returns the service with a function that refuses keys, by an IllegalArgumentException. */
    Service withKeys(Consumer<String> check) {
      return new Service(name, type, file, json, check);
    }

    /** Returns the service with one key. */
    Service withKey(String only) {
      return withKeys(
          key -> {
            if (!key.equals(only)) {
              throw new IllegalArgumentException(
                  "\"" + key + "\" is not \"" + only + "\", the only key of this object");
            }
          });
    }

    JsonFormat.Printer printer() {
      return JsonFormat.printer()
          .usingTypeRegistry(types())
          .omittingInsignificantWhitespace()
          .sortingMapKeys();
    }

    JsonFormat.Parser parser() {
      return JsonFormat.parser().usingTypeRegistry(types()).ignoringUnknownFields();
    }

    /** Returns what a google.protobuf.Any may hold in JSON: what the contract can see. */
    private TypeRegistry types() {
      TypeRegistry found = types;
      if (found == null) {
        TypeRegistry.Builder builder = TypeRegistry.newBuilder();
        addTypes(file, new HashSet<>(), builder);
        found = builder.build();
        types = found;
      }
      return found;
    }

    private static void addTypes(
        FileDescriptor file, Set<String> seen, TypeRegistry.Builder types) {
      if (seen.add(file.getName())) {
        file.getDependencies().forEach(other -> addTypes(other, seen, types));
        types.add(file.getMessageTypes());
      }
    }

    <Req extends @Nullable Object, Res extends @Nullable Object> RestateHandler<Req, Res> handler(
        String name, HandlerType type, Class<Req> request, Class<Res> response) {
      return handler(name, type, request, response, ignored -> "");
    }

    <Req extends @Nullable Object, Res extends @Nullable Object> RestateHandler<Req, Res> handler(
        String name,
        HandlerType type,
        Class<Req> request,
        Class<Res> response,
        Function<Req, String> keyOf) {
      return new RestateHandler<>(
          this, name, type, serde(request), serde(response), keyOf, (handler, ignored) -> {});
    }

    ServiceDefinition define(HandlerDefinition<?, ?>... handlers) {
      return ServiceDefinition.of(name, type, List.of(handlers));
    }

    @Override
    public <V> Serde<V> create(TypeRef<V> type) {
      return type.getType() instanceof Class<?> found && Message.class.isAssignableFrom(found)
          ? serde(found)
          : others.create(type);
    }

    @Override
    public <V> Serde<V> create(Class<V> type) {
      return Message.class.isAssignableFrom(type) ? serde(type) : others.create(type);
    }

    private <V extends @Nullable Object> MessageSerde<V> serde(Class<?> type) {
      if (type == byte[].class) {
        return new MessageSerde<>(this, Empty.getDefaultInstance(), false, json, true, BYTES);
      }
      boolean isVoid = type == Void.class;
      Class<?> found = isVoid ? Empty.class : type;
      try {
        Message prototype = (Message) found.getMethod("getDefaultInstance").invoke(null);
        return new MessageSerde<>(this, prototype, isVoid, json, true, null);
      } catch (ReflectiveOperationException e) {
        throw new IllegalArgumentException(type.getName() + " is not a generated message", e);
      }
    }
  }

  /**
   * Writes JSON or binary. Reads either where it looks at what it reads, else the same. Where it has
   * a content type of its own, it leaves bytes as they are.
   */
  private record MessageSerde<T extends @Nullable Object>(
      Service service,
      Message prototype,
      boolean isVoid,
      boolean json,
      boolean looks,
      @Nullable String rawType)
      implements Serde<T> {

    MessageSerde<T> inJson() {
      return new MessageSerde<>(service, prototype, isVoid, true, true, rawType);
    }

    MessageSerde<T> only(boolean json) {
      return new MessageSerde<>(service, prototype, isVoid, json, false, rawType);
    }

    MessageSerde<T> raw(@Nullable String type) {
      return type == null ? this : new MessageSerde<>(service, prototype, false, json, looks, type);
    }

    @Override
    public @Nullable String contentType() {
      if (rawType != null) {
        // The caller has to say which of several types it is, with a header.
        return rawType.equals("*/*") ? BYTES : rawType.endsWith("/*") ? null : rawType;
      }
      // The ingress takes none with a body that is always empty.
      return json ? JSON : isVoid ? null : BINARY;
    }

    @Override
    public Slice serialize(T value) {
      if (rawType != null) {
        return Slice.wrap((byte[]) value);
      }
      Message message = isVoid ? prototype : (Message) value;
      try {
        return json ? Slice.wrap(service.printer().print(message)) : Slice.wrap(binary(message));
      } catch (IOException e) {
        throw new UncheckedIOException("Cannot write " + message() + ": " + e.getMessage(), e);
      }
    }

    @Override
    @SuppressWarnings("unchecked")
    public T deserialize(Slice value) {
      if (rawType != null) {
        return (T) value.toByteArray();
      }
      Message.Builder builder = prototype.newBuilderForType();
      ByteBuffer bytes = value.asReadOnlyByteBuffer();
      try {
        if (!(looks ? looksLikeJson(value) : json)) {
          CodedInputStream input = CodedInputStream.newInstance(bytes);
          builder.mergeFrom(input);
          input.checkLastTagWas(0);
        } else if (bytes.hasRemaining()) {
          String text = StandardCharsets.UTF_8.newDecoder().decode(bytes).toString();
          merge(text, builder);
        }
      } catch (IOException e) {
        throw new UncheckedIOException("Cannot read " + message() + ": " + e.getMessage(), e);
      }
      return isVoid ? null : (T) builder.buildPartial();
    }

    private void merge(String json, Message.Builder builder) throws IOException {
      String signed = keepSigns(json);
      try {
        service.parser().merge(signed, builder);
      } catch (InvalidProtocolBufferException e) {
        if (signed.equals(json)) {
          throw e;
        }
        service.parser().merge(json, builder.clear()); // -0 of an integer, or another mistake
      }
    }

    /** Returns JSON with another number for -0.0, which protobuf-java would read as 0.0. */
    private static String keepSigns(String json) {
      if (!json.contains("-0")) {
        return json;
      }
      StringBuilder signed = new StringBuilder();
      Matcher part = NEGATIVE_ZERO.matcher(json);
      boolean inString = false;
      while (part.find()) {
        inString ^= part.group().equals("\"");
        if (!inString && part.group().startsWith("-")) {
          part.appendReplacement(signed, "-1e-400"); // the nearest double is -0.0
        }
      }
      return part.appendTail(signed).toString();
    }

    /** Whether a request is JSON: what its content type says, else what it looks like. */
    boolean isJson(HandlerRequest request) {
      String type = rawType == null ? header(request, "content-type") : null;
      if (type != null) {
        String essence = type.split(";", 2)[0].strip().toLowerCase(Locale.ROOT);
        if (BINARY_TYPES.contains(essence)) {
          return false;
        }
        if (JSON_TYPES.contains(essence) || essence.endsWith("+json")) {
          return true;
        }
      } else if (rawType != null || request.body().readableBytes() == 0) {
        // An empty body does not show its encoding: the one asked for counts.
        String accept = header(request, "accept");
        return json || (accept != null && accept.contains("json"));
      }
      return looksLikeJson(request.body());
    }

    private static @Nullable String header(HandlerRequest request, String name) {
      for (Map.Entry<String, String> header : request.headers().entrySet()) {
        if (header.getKey().equalsIgnoreCase(name)) {
          return header.getValue();
        }
      }
      return null;
    }

    private boolean looksLikeJson(Slice payload) {
      if (payload.readableBytes() == 0) {
        return json;
      }
      return payload.byteAt(0) == '{' || (NO_OBJECTS.contains(message()) && beginsJson(payload));
    }

    /** Whether a payload is a JSON value, for a type whose binary form does not begin like one. */
    private static boolean beginsJson(Slice payload) {
      if ("[\"tfn-0123456789".indexOf(payload.byteAt(0)) < 0) {
        return false;
      }
      // One binary form does: a list in a Value begins with 2, but is not a number.
      for (int i = 0; payload.byteAt(0) == '2' && i < payload.readableBytes(); i++) {
        if ("0123456789.eE+- \t\r\n".indexOf(payload.byteAt(i)) < 0) {
          return false;
        }
      }
      return true;
    }

    private String message() {
      return prototype.getDescriptorForType().getFullName();
    }
  }
}
