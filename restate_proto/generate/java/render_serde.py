"""Prints the class that reads and writes the payloads of a file's services.

It is the same in every file but for its names: generated code needs no library of ours, and two
runs of the plugin never write the same file.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from restate_proto.codec.payload import BINARY_TYPES, JSON_TYPES, NO_OBJECTS
from restate_proto.generate.java.source import JavaSource
from restate_proto.generate.jvm.printer import javadoc, quote

if TYPE_CHECKING:
    from collections.abc import Iterable

    from restate_proto.generate.java.names import JavaFile

__all__ = ["render_serde"]

_TYPE_PARAMETERS = ("C", "Req", "Res", "T", "V")
# Where a class is called as one of these, an expression means the field by that name.
_FIELDS = (
    *("BINARY", "BINARY_TYPES", "EITHER", "JSON", "JSON_TYPES", "NO_OBJECTS", "PARSER", "PRINTER"),
    *("RAW", "SLICE", "VOID"),  # of the SDK's Serde
    *("builder", "contentType", "json", "prototype", "readsEither", "types"),
)
_INHERITED = (
    "Class",
    "JsonSchema",
    "Schema",
    "StringifiedJsonSchema",
)  # classes in the SDK's Serde

_TEXT = """
/**
 * Payloads of the services of $path: protobuf binary or ProtoJSON, and zero bytes for the
 * empty message. What is read may be either, whatever is written.
 */
@$SuppressWarnings({"deprecation", "removal"})
final class $Self<T extends $Message> implements $Serde<T> {
  private static final $String BINARY = "application/protobuf";
  private static final $String JSON = "application/json";
  private static final $String EITHER = "application/protobuf+json";

  private static final $Set<$String> BINARY_TYPES =
      $Set.of(
          THE_BINARY_TYPES);
  private static final $Set<$String> JSON_TYPES =
      $Set.of(
          THE_JSON_TYPES);

  /** The types whose ProtoJSON is no object, so that no opening brace tells it from binary. */
  private static final $Set<$String> NO_OBJECTS =
      $Set.of(
          THE_NO_OBJECTS);

  private static final $JsonFormat.Printer PRINTER;
  private static final $JsonFormat.Parser PARSER;

  static {
    // What a google.protobuf.Any may hold in JSON: the messages that the contract can see.
    $TypeRegistry.Builder builder = $TypeRegistry.newBuilder();
    addTypes($File.getDescriptor(), new $HashSet<>(), builder);
    $TypeRegistry types = builder.build();
    PRINTER =
        $JsonFormat.printer()
            .usingTypeRegistry(types)
            .omittingInsignificantWhitespace()
            .sortingMapKeys();
    PARSER = $JsonFormat.parser().usingTypeRegistry(types).ignoringUnknownFields();
  }

  private final T prototype;
  private final boolean json;
  private final boolean readsEither;
  private final $String contentType;

  /** Writes JSON or binary, and reads either. */
  $Self(T prototype, boolean json) {
    this.prototype = prototype;
    this.json = json;
    this.readsEither = true;
    this.contentType = json ? JSON : BINARY;
  }

  /** Writes and reads JSON alone, or binary alone. */
  private $Self($Self<T> other, boolean json, $String contentType) {
    this.prototype = other.prototype;
    this.json = json;
    this.readsEither = false;
    this.contentType = contentType;
  }

  private static void addTypes(
      $Descriptors.FileDescriptor file, $Set<$String> seen, $TypeRegistry.Builder types) {
    if (seen.add(file.getName())) {
      file.getDependencies().forEach(other -> addTypes(other, seen, types));
      types.add(file.getMessageTypes());
    }
  }

  /** Returns the serdes of all message types; other types have those that the SDK finds. */
  static $SerdeFactory factory(boolean json) {
    $SerdeFactory others =
        $ServiceLoader.load($DefaultSerdeFactoryProvider.class)
            .findFirst()
            .map($DefaultSerdeFactoryProvider::create)
            .orElse($SerdeFactory.NOOP);
    return new $SerdeFactory() {
      @$Override
      public <V> $Serde<V> create($TypeRef<V> type) {
        return type.getType() instanceof $Class<?> found && $Message.class.isAssignableFrom(found)
            ? ofClass(found, json)
            : others.create(type);
      }

      @$Override
      public <V> $Serde<V> create($Class<V> type) {
        return $Message.class.isAssignableFrom(type) ? ofClass(type, json) : others.create(type);
      }
    };
  }

  @$SuppressWarnings("unchecked")
  private static <V> $Serde<V> ofClass($Class<?> type, boolean json) {
    try {
      $Message prototype = ($Message) type.getMethod("getDefaultInstance").invoke(null);
      return ($Serde<V>) new $Self<>(prototype, json);
    } catch ($ReflectiveOperationException e) {
      throw new $IllegalArgumentException(type.getName() + " is no generated message", e);
    }
  }

  /** Returns the definition of a handler, which answers in the encoding that it is asked in. */
  static <C extends $Context, Req extends $Message, Res extends $Message>
      $HandlerDefinition<Req, Res> handler(
          $String name,
          $HandlerType type,
          $Serde<Req> request,
          $Serde<Res> response,
          $ThrowingBiFunction<C, Req, Res> method,
          $SerdeFactory serdes,
          $HandlerRunner.Options options,
          $Consumer<$HandlerDefinition.Configurator> config) {
    $Self<Req> reader = ($Self<Req>) request;
    $Self<Res> writer = ($Self<Res>) response;
    $HandlerRunner<Req, Res> runner =
        $ContextRunner.of(method, serdes, ($ContextRunner.Options) options);
    // The SDK declares that there is nothing to take, or that there has to be something.
    $String accepted = reader.isNothing() && !reader.json ? null : "*/*";
    $HandlerDefinition<Req, Res> definition =
        $HandlerDefinition.of(
            name,
            type,
            new $Self<>(reader, reader.json, accepted),
            new $Self<>(writer, writer.json, writer.json ? JSON : EITHER),
            (context, ignoredRequest, ignoredResponse, onClose) -> {
              boolean isJson = reader.isJson(context.request());
              return runner.run(
                  context,
                  new $Self<>(reader, isJson, null),
                  new $Self<>(writer, isJson, null),
                  onClose);
            });
    return definition.configure(config);
  }

  /**
   * Returns a request as Restate's ingress takes it. An empty body needs a content type with some
   * endpoints and must have none with others, so that an empty message goes there as JSON; but for
   * the one that is always empty, whose handlers take nothing.
   */
  static <Req extends $Message, Res extends $Message> $Request<Req, Res> toIngress(
      $Request<Req, Res> request) {
    $Self<Req> input = ($Self<Req>) request.getRequestTypeTag();
    $Self<Res> output = ($Self<Res>) request.getResponseTypeTag();
    if (input.json || request.getRequest().getSerializedSize() > 0) {
      return request;
    }
    boolean asJson = !input.isNothing();
    $RequestBuilder<Req, Res> copy =
        $Request.of(
            request.getTarget(),
            new $Self<>(input, asJson, asJson ? JSON : null),
            asJson ? new $Self<>(output.prototype, true) : output,
            request.getRequest());
    if (request.getIdempotencyKey() != null) {
      copy.idempotencyKey(request.getIdempotencyKey());
    }
    if (request.getHeaders() != null) {
      copy.headers(request.getHeaders());
    }
    return copy.build();
  }

  /** Returns the key of a request: the client's, or what its key field says; they must agree. */
  static $String key($String handler, $String client, $String request) {
    $String key = request.isEmpty() ? client : request;
    if (key == null || key.isEmpty()) {
      throw new $IllegalArgumentException(
          handler + " needs a key, of the client or in the request, that is not empty");
    }
    if (client != null && !key.equals(client)) {
      throw new $IllegalArgumentException(
          handler + ": the client has the key " + client + ", and the request " + key);
    }
    return key;
  }

  @$Override
  public $String contentType() {
    return contentType;
  }

  @$Override
  public $Slice serialize(T value) {
    try {
      if (json) {
        return $Slice.wrap(PRINTER.print(value));
      }
      byte[] bytes = new byte[value.getSerializedSize()];
      $CodedOutputStream output = $CodedOutputStream.newInstance(bytes);
      output.useDeterministicSerialization();
      value.writeTo(output);
      output.checkNoSpaceLeft();
      return $Slice.wrap(bytes);
    } catch ($IOException e) {
      throw new $UncheckedIOException("Cannot write " + name() + ": " + e.getMessage(), e);
    }
  }

  @$Override
  @$SuppressWarnings("unchecked")
  public T deserialize($Slice value) {
    $Message.Builder builder = prototype.newBuilderForType();
    $ByteBuffer bytes = value.asReadOnlyByteBuffer();
    try {
      if (!(readsEither ? looksLikeJson(value) : json)) {
        $CodedInputStream input = $CodedInputStream.newInstance(bytes);
        builder.mergeFrom(input);
        input.checkLastTagWas(0);
      } else if (bytes.hasRemaining()) {
        PARSER.merge($StandardCharsets.UTF_8.newDecoder().decode(bytes).toString(), builder);
      }
    } catch ($IOException e) {
      throw new $UncheckedIOException("Cannot read " + name() + ": " + e.getMessage(), e);
    }
    return (T) builder.buildPartial();
  }

  /** Whether a request is JSON: what its content type says, else what it looks like. */
  private boolean isJson($HandlerRequest request) {
    $String type = header(request, "content-type");
    if (type != null) {
      $String essence = type.split(";", 2)[0].strip().toLowerCase($Locale.ROOT);
      if (BINARY_TYPES.contains(essence)) {
        return false;
      }
      if (JSON_TYPES.contains(essence) || essence.endsWith("+json")) {
        return true;
      }
    } else if (request.body().readableBytes() == 0) {
      // Nothing to see: what is asked for counts.
      $String accept = header(request, "accept");
      return json || (accept != null && accept.contains("json"));
    }
    return looksLikeJson(request.body());
  }

  private static $String header($HandlerRequest request, $String name) {
    for ($Map.Entry<$String, $String> header : request.headers().entrySet()) {
      if (header.getKey().equalsIgnoreCase(name)) {
        return header.getValue();
      }
    }
    return null;
  }

  private boolean looksLikeJson($Slice payload) {
    if (payload.readableBytes() == 0) {
      return json;
    }
    return payload.byteAt(0) == '{' || (NO_OBJECTS.contains(name()) && beginsJson(payload));
  }

  /** Whether a payload is a JSON value, of a type whose binary form does not begin like one. */
  private static boolean beginsJson($Slice payload) {
    if ("[\\"tfn-0123456789".indexOf(payload.byteAt(0)) < 0) {
      return false;
    }
    // The binary form of one does: a list in a Value begins with 2, but is no number.
    for (int i = 0; payload.byteAt(0) == '2' && i < payload.readableBytes(); i++) {
      if ("0123456789.eE+- \\t\\r\\n".indexOf(payload.byteAt(i)) < 0) {
        return false;
      }
    }
    return true;
  }

  private boolean isNothing() {
    return name().equals("google.protobuf.Empty");
  }

  private $String name() {
    return prototype.getDescriptorForType().getFullName();
  }
}
"""


def render_serde(file: JavaFile, beside: Iterable[str]) -> str:
    """Returns the text of the class.

    Args:
        file: the file.
        beside: the names of the other classes that are known to be in its package.
    """
    source = JavaSource(file.serde, (*_TYPE_PARAMETERS, *_FIELDS, *_INHERITED), beside)
    path = " ".join(javadoc(file.model.path))
    text = _TEXT
    for place, strings in (
        ("THE_BINARY_TYPES", BINARY_TYPES),
        ("THE_JSON_TYPES", JSON_TYPES),
        ("THE_NO_OBJECTS", NO_OBJECTS),
    ):
        text = text.replace(place, ",\n          ".join(map(quote, strings)))
    file_class = source.use(file.file_class)
    source.lines(text, path=path, Self=file.serde.names[0], File=file_class)
    return source.text(file.model.path)
