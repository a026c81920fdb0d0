// Restate on protobuf-es: serdes, calls and handlers from the descriptors of a contract.

import {
  type DescMessage,
  type DescMethodUnary,
  type DescService,
  fromBinary,
  fromJsonString,
  getOption,
  hasOption,
  type MessageShape,
  toBinary,
  toJsonString,
} from "@bufbuild/protobuf";
import type {
  Context,
  Duration,
  InvocationHandle,
  InvocationPromise,
  RestatePromise,
  Serde,
} from "@restatedev/restate-sdk";
import { service_type } from "../generated/dev/restate/sdk/go_pb.js";
import { Encoding, object$, service, workflow } from "../generated/restatepb/v1/options_pb.js";

/** How payloads of a service are encoded, as its contract says. */
export function encodingOf(desc: DescService): Encoding {
  for (const option of [service, object$, workflow]) {
    if (hasOption(desc, option)) {
      const { encoding } = getOption(desc, option) as { encoding: Encoding };
      return encoding === Encoding.JSON ? Encoding.JSON : Encoding.PROTOBUF;
    }
  }
  // With Go's option alone it is JSON, which is what Go's generated code writes.
  return hasOption(desc, service_type) ? Encoding.JSON : Encoding.PROTOBUF;
}

/** The serde of a message type. */
export function serdeOf<M extends DescMessage>(
  schema: M,
  encoding: Encoding,
): Serde<MessageShape<M>> {
  // A later version of the contract may have more fields.
  const fromJson = (json: string) => fromJsonString(schema, json, { ignoreUnknownFields: true });
  if (encoding === Encoding.JSON) {
    return {
      contentType: "application/json",
      serialize: (message) => new TextEncoder().encode(toJsonString(schema, message)),
      deserialize: (data) => fromJson(new TextDecoder().decode(data)),
    };
  }
  return {
    contentType: "application/protobuf",
    serialize: (message) => toBinary(schema, message),
    deserialize: (data) => fromBinary(schema, data),
    preview: { toJsonString: (message) => toJsonString(schema, message), fromJsonString: fromJson },
  };
}

/** The serdes of a handler: the options that `restate.handlers` take. */
export function serdes<I extends DescMessage, O extends DescMessage>(
  method: DescMethodUnary<I, O>,
) {
  const encoding = encodingOf(method.parent);
  return { input: serdeOf(method.input, encoding), output: serdeOf(method.output, encoding) };
}

/** Calls a handler: `call(ctx, Cart.method.show, request, { key: "ada" })`. */
export function call<I extends DescMessage, O extends DescMessage>(
  ctx: Context,
  method: DescMethodUnary<I, O>,
  request: MessageShape<I>,
  options: { key?: string; idempotencyKey?: string } = {},
): InvocationPromise<MessageShape<O>> {
  const { input, output } = serdes(method);
  return ctx.genericCall({
    service: method.parent.typeName,
    method: method.name,
    parameter: request,
    inputSerde: input,
    outputSerde: output,
    ...options,
  });
}

/** Sends a one-way message to a handler. */
export function send<I extends DescMessage, O extends DescMessage>(
  ctx: Context,
  method: DescMethodUnary<I, O>,
  request: MessageShape<I>,
  options: { key?: string; idempotencyKey?: string; delay?: Duration } = {},
): InvocationHandle {
  return ctx.genericSend({
    service: method.parent.typeName,
    method: method.name,
    parameter: request,
    inputSerde: serdes(method).input,
    ...options,
  });
}

/** Waits for the result of what was sent to a handler. */
export async function attach<I extends DescMessage, O extends DescMessage>(
  ctx: Context,
  method: DescMethodUnary<I, O>,
  handle: InvocationHandle,
): Promise<MessageShape<O>> {
  const invocation = ctx.invocation(await handle.invocationId);
  return invocation.attach(serdes(method).output);
}
