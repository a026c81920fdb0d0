/** State, promises, signals, keys and fields for the ids of awakeables, each with its message. */

import {
  create,
  type DescField,
  type DescMessage,
  type MessageShape,
  ScalarType,
} from "@bufbuild/protobuf";
import { reflect } from "@bufbuild/protobuf/reflect";
import type {
  Context,
  DurablePromise,
  ObjectContext,
  ObjectSharedContext,
  RestatePromise,
  Serde,
  SignalReference,
  WorkflowSharedContext,
} from "@restatedev/restate-sdk";

/** A piece of state: a name, and the message that is kept under it. */
export class StateKey<T> {
  readonly name: string;
  readonly serde: Serde<T>;

  constructor(name: string, serde: Serde<T>) {
    this.name = name;
    this.serde = serde;
  }

  /** Returns the value; null if there is none. */
  get(ctx: ObjectSharedContext): Promise<T | null> {
    return ctx.get<T>(this.name, this.serde);
  }

  set(ctx: ObjectContext, value: T): void {
    ctx.set<T>(this.name, value, this.serde);
  }

  clear(ctx: ObjectContext): void {
    ctx.clear(this.name);
  }
}

/** A durable promise of a workflow: a name, and the message that resolves it. */
export class PromiseKey<T> {
  readonly name: string;
  readonly serde: Serde<T>;

  constructor(name: string, serde: Serde<T>) {
    this.name = name;
    this.serde = serde;
  }

  /** Returns the promise of the workflow that a context belongs to. */
  of(ctx: WorkflowSharedContext): DurablePromise<T> {
    return ctx.promise<T>(this.name, this.serde);
  }
}

/** A named signal: a name, and the message that it carries. */
export class SignalKey<T> {
  readonly name: string;
  readonly serde: Serde<T>;

  constructor(name: string, serde: Serde<T>) {
    this.name = name;
    this.serde = serde;
  }

  /** Waits for the signal to arrive at the invocation that a context belongs to. */
  wait(ctx: Context): RestatePromise<T> {
    return ctx.signal<T>(this.name, this.serde);
  }

  /** Returns an object that resolves or rejects the signal of another invocation. */
  at(ctx: Context, invocationId: string): SignalReference<T> {
    // The type of ids is a string with a brand.
    const id = invocationId as Parameters<Context["invocation"]>[0];
    return ctx.invocation(id).signal<T>(this.name, this.serde);
  }
}

/** The only key of an object that exists once. */
export class FixedKey {
  readonly value: string;

  constructor(value: string) {
    this.value = value;
  }

  /** Throws an error for another key. */
  check(key: string): void {
    if (key !== this.value) {
      throw new Error(`"${key}" is not "${this.value}", the only key of this object`);
    }
  }
}

/** The keys of an object, or the ids of a workflow, as a message. */
export class KeyFormat<Desc extends DescMessage> {
  readonly #schema: Desc;
  readonly #prefix: string;
  readonly #fields: readonly { field: DescField; after: string; isLast: boolean }[];

  /**
   * @param schema - the message
   * @param prefix - the text before the first field
   * @param parts - the names of the fields, each with the text that follows it
   */
  constructor(schema: Desc, prefix: string, parts: readonly (readonly [string, string])[]) {
    this.#schema = schema;
    this.#prefix = prefix;
    this.#fields = parts.map(([name, after], index) => ({
      field: fieldOf(schema, name),
      after,
      isLast: index === parts.length - 1,
    }));
  }

  /** Returns the key of the invocation that a context belongs to. */
  of(ctx: ObjectSharedContext): MessageShape<Desc> {
    return this.parse(ctx.key);
  }

  /** Returns the text of a key; a string in it may not contain the text that follows it. */
  format(key: MessageShape<Desc>): string {
    let text = this.#prefix;
    for (const { field, after, isLast } of this.#fields) {
      const value = textOf(this.#schema, key, field);
      const mayBeAnything = isLast || field.scalar !== ScalarType.STRING;
      if (!mayBeAnything && (value + after).indexOf(after) !== value.length) {
        throw new Error(
          `${field.name} is "${value}", so the "${after}" that follows it in the key ` +
            `${this.toString()} would be found too early; write a value without it`,
        );
      }
      text += value + after;
    }
    if (text === "") {
      const names = this.#fields.map(({ field }) => field.name).join(", ");
      throw new Error(`${names} is empty, and a key must not be`);
    }
    return text;
  }

  /** Returns the message that a key was made from; throws an error if the text is not a key. */
  parse(text: string): MessageShape<Desc> {
    const key = this.#read(text);
    if (key === undefined) {
      throw new Error(`"${text}" does not have the form "${this.toString()}"`);
    }
    return key;
  }

  /** Throws an error if a text is not a key. */
  check(text: string): void {
    this.parse(text);
  }

  toString(): string {
    return this.#prefix + this.#fields.map(({ field, after }) => `{${field.name}}${after}`).join("");
  }

  /** Returns the message of a text; undefined if the text is not the only way to write it. */
  #read(text: string): MessageShape<Desc> | undefined {
    const key = create(this.#schema);
    const values = reflect(this.#schema, key);
    let start = this.#prefix.length;
    try {
      for (const { field, after, isLast } of this.#fields) {
        const end = isLast ? text.length - after.length : endOf(field, text, start, after);
        values.set(field, valueOf(field, text.slice(start, end)));
        start = end + after.length;
      }
      return this.format(key) === text ? key : undefined;
    } catch {
      return undefined;
    }
  }
}

function fieldOf(schema: DescMessage, name: string): DescField {
  const field = schema.fields.find((each) => each.name === name);
  if (field === undefined) {
    throw new Error(`${schema.typeName} has no field ${name}; generate the code of both anew`);
  }
  return field;
}

function textOf<Desc extends DescMessage>(
  schema: Desc,
  message: MessageShape<Desc>,
  field: DescField,
): string {
  const value = reflect(schema, message).get(field) as string | number | bigint | boolean;
  return String(value);
}

function endOf(field: DescField, text: string, start: number, after: string): number {
  if (field.scalar === ScalarType.STRING) {
    return text.indexOf(after, start);
  }
  const pattern = field.scalar === ScalarType.BOOL ? /true|false/y : /-?\d+/y;
  pattern.lastIndex = start;
  return pattern.test(text) ? pattern.lastIndex : start;
}

function valueOf(field: DescField, text: string): unknown {
  switch (field.scalar) {
    case ScalarType.STRING:
      return text;
    case ScalarType.BOOL:
      return text === "true";
    case ScalarType.INT64:
    case ScalarType.UINT64:
    case ScalarType.SINT64:
    case ScalarType.FIXED64:
    case ScalarType.SFIXED64:
      return BigInt(text);
    default:
      return Number(text);
  }
}

/** A field of a message that holds the id of an awakeable. */
export class AwakeableField<Desc extends DescMessage, T> {
  readonly serde: Serde<T>;
  readonly #schema: Desc;
  readonly #field: DescField;

  /**
   * @param schema - the message
   * @param name - the proto name of the field
   * @param serde - the serde of the message that resolves the awakeable
   */
  constructor(schema: Desc, name: string, serde: Serde<T>) {
    this.serde = serde;
    this.#schema = schema;
    this.#field = fieldOf(schema, name);
  }

  /** Makes an awakeable, whose id is for the field. */
  awakeable(ctx: Context): { id: string; promise: RestatePromise<T> } {
    return ctx.awakeable(this.serde);
  }

  /** Returns the id that a message holds; throws an error if it is empty, because then nobody waits. */
  id(message: MessageShape<Desc>): string {
    const id = textOf(this.#schema, message, this.#field);
    if (id === "") {
      throw new Error(
        `${this.#field.toString()} is empty, so the sender of the message does not wait for an awakeable`,
      );
    }
    return id;
  }

  /** Resolves the awakeable whose id a message holds. */
  resolve(ctx: Context, message: MessageShape<Desc>, value: T): void {
    ctx.resolveAwakeable(this.id(message), value, this.serde);
  }

  /** Rejects the awakeable whose id a message holds. */
  reject(ctx: Context, message: MessageShape<Desc>, reason: string): void {
    ctx.rejectAwakeable(this.id(message), reason);
  }
}
