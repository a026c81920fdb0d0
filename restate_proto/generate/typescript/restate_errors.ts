/** The messages that the errors of contracts carry. */

import { type DescMessage, fromBinary, type MessageShape, toBinary } from "@bufbuild/protobuf";
import { base64Decode, base64Encode } from "@bufbuild/protobuf/wire";

const detailKey = (schema: DescMessage) => `restatepb.detail/${schema.typeName}`;

/** Returns the metadata of an error that has a message as its detail. */
export function detailMetadata<Desc extends DescMessage>(
  schema: Desc,
  detail: MessageShape<Desc>,
): Record<string, string> {
  return { [detailKey(schema)]: base64Encode(toBinary(schema, detail)) };
}

/** Reads the detail out of what a call has failed with; undefined where it has none of the type. */
export function readDetail<Desc extends DescMessage>(
  schema: Desc,
  error: unknown,
): { detail: MessageShape<Desc>; message: string } | undefined {
  const { message, metadata } = failureOf(error);
  const encoded = metadata?.[detailKey(schema)];
  if (typeof encoded !== "string") {
    return undefined;
  }
  try {
    return { detail: fromBinary(schema, base64Decode(encoded)), message: String(message) };
  } catch {
    return undefined;
  }
}

interface Failure {
  readonly message?: unknown;
  readonly metadata?: Record<string, unknown>;
  /** What Restate's ingress has answered, on the error of the SDK's client. */
  readonly responseText?: string;
}

/** Returns what a handler or the ingress says of a failure. */
function failureOf(error: unknown): Failure {
  if (!(error instanceof Error)) {
    return {};
  }
  const failure: Failure = error;
  if (typeof failure.responseText !== "string") {
    return failure;
  }
  try {
    return JSON.parse(failure.responseText) as Failure;
  } catch {
    return {};
  }
}
