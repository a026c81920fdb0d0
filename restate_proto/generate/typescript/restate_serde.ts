/** Reads and writes the messages of contracts, and serves their handlers. */

import {
  createRegistry,
  type DescFile,
  type DescMessage,
  fromBinary,
  fromJsonString,
  type MessageShape,
  type Registry,
  ScalarType,
  toBinary,
  toJson,
} from "@bufbuild/protobuf";
import {
  type Context,
  type HandlerDescriptor,
  type InferOutput,
  type ObjectSharedContext,
  type Serde,
  TerminalError,
} from "@restatedev/restate-sdk";

const BINARY = "application/protobuf";
const JSON_TYPE = "application/json";
// The ingress says one content type of all answers of a handler, whichever encoding each is in.
const EITHER = "application/protobuf+json";

const BINARY_TYPES = new Set([
  "THE_BINARY_TYPES",
]);
const JSON_TYPES = new Set([
  "THE_JSON_TYPES",
]);
/** The types whose ProtoJSON is not an object, so that no opening brace tells it from binary. */
const NO_OBJECTS = new Set([
  "THE_NO_OBJECTS",
]);
const OPENING_BRACE = 0x7b;

const utf8 = { encoder: new TextEncoder(), decoder: new TextDecoder() };

/** A response in another encoding than the contract's, because the request is in that one. */
class OtherEncoding {
  readonly message: unknown;

  constructor(message: unknown) {
    this.message = message;
  }
}

/**
 * The serde of a message in protobuf binary. It reads ProtoJSON as well.
 *
 * @param schema - the message, as `protoc-gen-es` generates it
 */
export function binary<Desc extends DescMessage>(schema: Desc): Serde<MessageShape<Desc>> {
  return messageSerde(schema, false);
}

/**
 * The serde of a message in ProtoJSON. It reads protobuf binary as well.
 *
 * @param schema - the message, as `protoc-gen-es` generates it
 */
export function json<Desc extends DescMessage>(schema: Desc): Serde<MessageShape<Desc>> {
  return messageSerde(schema, true);
}

function messageSerde<Desc extends DescMessage>(
  schema: Desc,
  inJson: boolean,
): Serde<MessageShape<Desc>> {
  const options = { ignoreUnknownFields: true };
  const replacer = mayHoldNegativeZero(schema) ? keepNegativeZero : undefined;
  const toText = (message: MessageShape<Desc>) =>
    JSON.stringify(toJson(schema, message, { registry: registryOf(schema.file) }), replacer);
  const fromText = (text: string) =>
    fromJsonString(schema, text, { ...options, registry: registryOf(schema.file) });
  const write = (message: MessageShape<Desc>, asJson: boolean) =>
    asJson ? utf8.encoder.encode(toText(message)) : toBinary(schema, message);
  return {
    contentType: inJson ? JSON_TYPE : BINARY,
    serialize: (message: MessageShape<Desc> | OtherEncoding) =>
      message instanceof OtherEncoding
        ? write(message.message as MessageShape<Desc>, !inJson)
        : write(message, inJson),
    deserialize: (data) =>
      isJson(schema, data, inJson) ? fromText(utf8.decoder.decode(data)) : fromBinary(schema, data),
    preview: { toJsonString: toText, fromJsonString: fromText },
  };
}

/** `JSON.rawJSON`, where the runtime has it, as Node.js has since version 21. */
const { rawJSON } = JSON as JSON & { rawJSON?: (text: string) => unknown };

/** The replacer with which `JSON.stringify` writes -0 as `-0.0`: by itself it drops the sign. */
const keepNegativeZero =
  rawJSON && ((_: string, value: unknown) => (Object.is(value, -0) ? rawJSON("-0.0") : value));

/** Says whether a message has a float or a double, in itself or in a message within it. */
function mayHoldNegativeZero(schema: DescMessage, seen = new Set<DescMessage>()): boolean {
  if (seen.has(schema)) {
    return false;
  }
  seen.add(schema);
  return (
    schema.typeName === "google.protobuf.Any" ||
    schema.proto.extensionRange.length > 0 ||
    schema.fields.some(
      ({ scalar, message }) =>
        scalar === ScalarType.DOUBLE ||
        scalar === ScalarType.FLOAT ||
        (message !== undefined && mayHoldNegativeZero(message, seen)),
    )
  );
}

/** Says whether a payload whose bytes alone show its encoding is ProtoJSON. */
function isJson(schema: DescMessage, data: Uint8Array, inJson: boolean): boolean {
  if (data.length === 0) {
    return false; // a message without a field that is set
  }
  return NO_OBJECTS.has(schema.typeName) || braceBeginsBinary(schema)
    ? inJson
    : data[0] === OPENING_BRACE;
}

/** Says whether a message may begin with `{` in binary, too: with a group whose number is 15. */
function braceBeginsBinary(schema: DescMessage): boolean {
  return schema.fields.some(
    (field) => field.number === 15 && "delimitedEncoding" in field && field.delimitedEncoding,
  );
}

const registries = new Map<DescFile, Registry>();

/** The types that an `Any` may hold: those of a file, and of all that it imports. */
export function registryOf(file: DescFile): Registry {
  let registry = registries.get(file);
  if (registry === undefined) {
    const files = new Set([file]);
    for (const each of files) {
      for (const imported of each.dependencies) {
        files.add(imported);
      }
    }
    registry = createRegistry(...files);
    registries.set(file, registry);
  }
  return registry;
}

/** The serde of `google.protobuf.Empty`: no request, or no response. */
export const nothing: Serde<void> = {
  serialize: () => new Uint8Array(),
  deserialize: () => undefined,
};

/** The same in ProtoJSON, which has to be an object. */
export const nothingInJson: Serde<void> = {
  contentType: JSON_TYPE,
  serialize: () => utf8.encoder.encode("{}"),
  deserialize: () => undefined,
};

/**
 * The serde of raw bytes.
 *
 * @param contentType - their content type, such as `application/pdf`
 */
export function bytes(contentType: string): Serde<Uint8Array> {
  return { contentType, serialize: (data) => data, deserialize: (data) => data };
}

/** Returns a serde with the content type of answers that may be in either encoding. */
export function answer<T>(serde: Serde<T>): Serde<T> {
  return { ...serde, contentType: EITHER };
}

/**
 * The serde of what a handler returns, to attach to its invocations:
 * `ctx.invocation(id).attach(responseOf(Cart, "Show"))`.
 */
export function responseOf<
  Handlers extends Record<string, HandlerDescriptor>,
  Name extends keyof Handlers & string,
>(contract: { readonly _handlers: Handlers }, name: Name): Serde<InferOutput<Handlers[Name]>> {
  const handlers: Readonly<Record<string, HandlerDescriptor | undefined>> = contract._handlers;
  const serde: Serde<unknown> = handlers[name]?._outputSerde ?? nothing;
  return serde as Serde<InferOutput<Handlers[Name]>>;
}

type Handler = (ctx: Context, request: unknown) => Promise<unknown>;

/** What is checked before a handler runs. */
interface Checks {
  /** Check keys, if not every text is one. */
  readonly keys?: { check(key: string): void };
  /** Check requests, if some are validated. */
  readonly requests?: { check(handler: string, request: unknown): void };
}

/**
 * Returns handlers that answer in the encoding of the request, and refuse invalid keys and requests.
 *
 * @param handlers - the handlers
 * @param inJson - whether the contract's encoding is ProtoJSON
 * @param messages - the handlers that return a message
 */
export function serving<Handlers extends object>(
  handlers: Handlers,
  inJson: boolean,
  messages: readonly string[],
  { keys, requests }: Checks = {},
): Handlers {
  const served = Object.entries(handlers).map(([name, handler]: [string, Handler]) => {
    const answersAsAsked = messages.includes(name);
    const serve = async (ctx: Context, request: unknown) => {
      if (keys !== undefined) {
        refuseBadKey(ctx as ObjectSharedContext, keys);
      }
      requests?.check(name, request);
      const response = await handler.call(handlers, ctx, request);
      const isOther = answersAsAsked && asksForJson(ctx, inJson) !== inJson;
      return isOther ? new OtherEncoding(response) : response;
    };
    return [name, serve] as const;
  });
  return Object.fromEntries(served) as Handlers;
}

function refuseBadKey(ctx: ObjectSharedContext, keys: { check(key: string): void }): void {
  try {
    keys.check(ctx.key);
  } catch (error) {
    const { service, handler } = ctx.request().target;
    const problem = error instanceof Error ? error.message : String(error);
    throw new TerminalError(`${service}/${handler}: bad key: ${problem}`, { errorCode: 400 });
  }
}

function asksForJson(ctx: Context, inJson: boolean): boolean {
  const { body, headers } = ctx.request();
  const [type = ""] = (headers.get("content-type") ?? "").toLowerCase().split(";");
  if (BINARY_TYPES.has(type.trim())) {
    return false;
  }
  return JSON_TYPES.has(type.trim()) || (inJson && body.length === 0) || body[0] === OPENING_BRACE;
}
