// What the generated code of the golden contracts does, on Node; it answers with JSON.
import { readFileSync } from "node:fs";
import { create, fromBinary, fromJson, toBinary, toJson } from "@bufbuild/protobuf";
import {
  DoubleValueSchema,
  FieldMaskSchema,
  ValueSchema,
  anyPack,
} from "@bufbuild/protobuf/wkt";
import { ViolationsSchema } from "@bufbuild/protovalidate/gen/buf/validate/validate_pb.js";
import { TerminalError } from "@restatedev/restate-sdk";
import { SoldOutSchema } from "./errors/golden/errors/v1/errors_pb.js";
import { SoldOutError } from "./errors/golden/errors/v1/orders_restate.js";
import { KeySchema } from "./hostile/golden/hostile/texts_pb.js";
import {
  FlowPromiseKeys,
  HostileKeyFormat,
  HostileStateKeys,
} from "./hostile/golden/hostile/texts_restate.js";
import { QueueKeySchema } from "./keys/golden/keys/keys_pb.js";
import { QueueKeyFormat, SettingsKey, implementQueue } from "./keys/golden/keys/keys_restate.js";
import { CartStateKeys, Cart, implementCart } from "./object/golden/shop/v1/cart_restate.js";
import { TicketListSchema } from "./object/golden/shop/v1/cart_pb.js";
import { binary, json, responseOf } from "./object/golden/shop/v1/restate_serde.js";
import { readDetail } from "./rules/rules/v1/restate_errors.js";
import { PathsSchema, RatioSchema, WrongSchema } from "./rules/rules/v1/rules_pb.js";
import { implementRules } from "./rules/rules/v1/rules_restate.js";
import { AccountSchema } from "./validation/validated/v1/signup_pb.js";
import { implementSignup } from "./validation/validated/v1/signup_restate.js";
import { PageSchema } from "./validation/validated/v1/wiki_pb.js";
import { implementWiki } from "./validation/validated/v1/wiki_restate.js";

const outcome = (make) => {
  try {
    return make();
  } catch (error) {
    return { error: error.message };
  }
};

const text = (data) => new TextDecoder().decode(data);
const hex = (data) => Buffer.from(data).toString("hex");

/** A context as far as the generated code looks at it. */
const context = (key, body, contentType) => ({
  key,
  request: () => ({
    target: { service: "golden.keys.Queue", handler: "Push" }, // for the check of keys
    body: new TextEncoder().encode(body),
    headers: new Map(contentType === undefined ? [] : [["content-type", contentType]]),
  }),
});

/** What a handler's definition does with a request in binary, without a server. */
const invoke = async (definition, handler, request) => {
  const { [handler]: served } = Object.values(definition).find((each) => typeof each === "object");
  const serve = Object.getOwnPropertySymbols(served).map((symbol) => served[symbol])[0];
  return serve.invoke(context("k", "", "application/protobuf"), request);
};

const schemas = { "rules.v1.Paths": PathsSchema, "validated.v1.Account": AccountSchema };

const rules = Object.fromEntries(
  ["Take", "Divide", "Fail", "toString"].map((handler) => [handler, async () => {}]),
);

/** The services with rules; their handlers note that they were called. */
const validated = (called) => ({
  "rules.v1.Rules/Take": [
    implementRules({ ...rules, Take: async () => void called.push("Take") }),
    "Take",
  ],
  "validated.v1.Signup/Register": [
    implementSignup({
      Register: async (_, request) => (called.push("Register"), request),
      Note: async () => {},
    }),
    "Register",
  ],
});

const checks = {
  format: (key) => outcome(() => QueueKeyFormat.format(fromJson(QueueKeySchema, key))),
  parse: (key) => outcome(() => toJson(QueueKeySchema, QueueKeyFormat.parse(key), { alwaysEmitImplicit: true })),
  fixed: (key) => outcome(() => SettingsKey.check(key) ?? "the key"),
  texts: () => {
    const key = create(KeySchema, { a: "a", b: -1n, c: "c", d: "d" });
    const declared = [...Object.values(HostileStateKeys), ...Object.values(FlowPromiseKeys)];
    return [...declared.map((each) => each.name), HostileKeyFormat.format(key)];
  },
  errors: () => {
    const error = new SoldOutError(create(SoldOutSchema, { left: 7 }), "none left");
    const outside = new Error("409");
    outside.responseText = JSON.stringify({ message: "none left", metadata: error.metadata });
    const read = [error, new TerminalError("none left", { metadata: error.metadata }), outside].map(
      (each) => SoldOutError.from(each),
    );
    const others = [new TerminalError("x"), new Error("x"), "x", undefined].map(SoldOutError.from);
    return {
      code: error.code,
      metadata: error.metadata,
      read: read.map((each) => [each.name, each.message, each.code, each.detail.left]),
      others: others.filter((each) => each !== undefined).length,
    };
  },
  serdes: () => {
    const tickets = create(TicketListSchema);
    const inBinary = binary(TicketListSchema);
    const inJson = json(TicketListSchema);
    const packed = anyPack(TicketListSchema, tickets);
    return {
      contentTypes: [inBinary.contentType, inJson.contentType],
      binary: hex(inBinary.serialize(tickets)),
      json: text(inJson.serialize(tickets)),
      either: [inBinary, inJson].map((serde) =>
        ["{}", "", '{"later": 1}'].map((body) => serde.deserialize(new TextEncoder().encode(body)).$typeName),
      ),
      any: packed.typeUrl,
      response: responseOf(Cart, "Show").deserialize(new Uint8Array()).$typeName,
      nothing: responseOf(Cart, "Expire").deserialize(new Uint8Array()) === undefined,
      state: CartStateKeys.lastSeen.name,
    };
  },
  negativeZeros: () => {
    const number = create(DoubleValueSchema, { value: -0 });
    const value = create(ValueSchema, {
      kind: { case: "listValue", value: { values: [0, -0].map((n) => ({ kind: { case: "numberValue", value: n } })) } },
    });
    return {
      isKept: JSON.rawJSON !== undefined,
      number: text(json(DoubleValueSchema).serialize(number)),
      value: text(json(ValueSchema).serialize(value)),
      text: text(json(FieldMaskSchema).serialize(create(FieldMaskSchema, { paths: ["a"] }))),
      read: Object.is(json(DoubleValueSchema).deserialize(new TextEncoder().encode("-0.0")).value, -0),
    };
  },
  answers: async () => {
    const seen = [];
    const { object } = implementCart({
      AddTicket: async (_, request) => request,
      Show: async () => create(TicketListSchema),
      Expire: async () => undefined,
    });
    const { Show } = object;
    const serve = Object.getOwnPropertySymbols(Show).map((symbol) => Show[symbol])[0];
    for (const [contentType, body] of [
      ["application/json; charset=utf-8", ""],
      ["application/protobuf", "{}"],
      [undefined, ""],
      [undefined, "{}"],
    ]) {
      seen.push(text(await serve.invoke(context("k", body, contentType), new Uint8Array())));
    }
    return seen;
  },
  verdict: async (handler, message, request) => {
    const called = [];
    const [definition, name] = validated(called)[handler];
    const sent = Buffer.from(request, "hex");
    fromBinary(schemas[message], sent);
    const error = await invoke(definition, name, sent).then(() => undefined, (caught) => caught);
    if (error === undefined) {
      return { answer: "valid", rules: [], called };
    }
    const detail = readDetail(ViolationsSchema, error)?.detail;
    const rules = detail?.violations.map(({ ruleId }) => ruleId);
    return { answer: `${error.code} ${error.message}`, terminal: error instanceof TerminalError, rules, called };
  },
  wrongRules: async () => {
    const definition = implementRules(rules);
    const said = [];
    for (const [handler, request] of [
      ["Divide", toBinary(RatioSchema, create(RatioSchema))],
      ["Fail", toBinary(WrongSchema, create(WrongSchema))],
      ["Divide", toBinary(RatioSchema, create(RatioSchema, { by: 1 }))],
      ["toString", new Uint8Array()],
    ]) {
      const error = await invoke(definition, handler, request).then(() => undefined, (caught) => caught);
      said.push(error && [error instanceof TerminalError, error.message]);
    }
    return said;
  },
  ownRule: async () => {
    const wiki = implementWiki({ Write: async () => {} });
    const said = [];
    for (const text of ["0a04676f6f64", "0a0342" + "6164"]) {
      const error = await invoke(wiki, "Write", Buffer.from(text, "hex")).then(() => undefined, (caught) => caught);
      said.push(error?.message);
    }
    return said;
  },
  keys: async () => {
    const { Push } = implementQueue({ Push: async (_, request) => request }).object;
    const serve = Object.getOwnPropertySymbols(Push).map((symbol) => Push[symbol])[0];
    const error = await serve.invoke(context("bad", ""), new Uint8Array()).catch((caught) => caught);
    return [error instanceof TerminalError, error.code, error.message];
  },
};

const asked = JSON.parse(readFileSync(0, "utf-8"));
const answered = [];
for (const [check, ...parameters] of asked) {
  answered.push((await checks[check](...parameters)) ?? null);
}
console.log(JSON.stringify(answered));
