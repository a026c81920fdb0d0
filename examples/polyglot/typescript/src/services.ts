import { create } from "@bufbuild/protobuf";
import * as restate from "@restatedev/restate-sdk";
import * as contract from "../generated/polyglot/typescript/v1/services_pb.js";
import { Encoding } from "../generated/restatepb/v1/options_pb.js";
import {
  type Values,
  ValuesSchema,
  ViewSchema,
} from "../generated/polyglot/values/v1/values_pb.js";
import { encodingOf, serdeOf, serdes } from "./contract.js";
import { read } from "./reading.js";

/** What this program sees in the values, as a View. */
export function view(values: Values, encoding: Encoding, key: string) {
  return create(ViewSchema, {
    values,
    fields: read(values),
    language: "typescript",
    encoding: encoding === Encoding.JSON ? "json" : "binary",
    key,
  });
}

function mirror(desc: typeof contract.Mirror) {
  const encoding = encodingOf(desc);
  return restate.service({
    name: desc.typeName,
    handlers: {
      Reflect: restate.handlers.handler(
        serdes(desc.method.reflect),
        async (_ctx: restate.Context, values: Values) => view(values, encoding, ""),
      ),
    },
  });
}

function locker(desc: typeof contract.Locker) {
  const encoding = encodingOf(desc);
  const kept = serdeOf(ValuesSchema, encoding);
  return restate.object({
    name: desc.typeName,
    handlers: {
      Keep: restate.handlers.object.exclusive(
        serdes(desc.method.keep),
        async (ctx: restate.ObjectContext, values: Values) => {
          ctx.set("kept", values, kept);
          return view(values, encoding, ctx.key);
        },
      ),
      Look: restate.handlers.object.shared(
        serdes(desc.method.look),
        async (ctx: restate.ObjectSharedContext) => {
          const values = await ctx.get("kept", kept);
          return view(values ?? create(ValuesSchema), encoding, ctx.key);
        },
      ),
    },
  });
}

function journey(desc: typeof contract.Journey) {
  const encoding = encodingOf(desc);
  const arrived = serdeOf(ValuesSchema, encoding);
  return restate.workflow({
    name: desc.typeName,
    handlers: {
      run: restate.handlers.workflow.workflow(
        serdes(desc.method.run),
        async (ctx: restate.WorkflowContext, values: Values) => {
          await ctx.promise("arrived", arrived).resolve(values);
          return view(values, encoding, ctx.key);
        },
      ),
      Arrived: restate.handlers.workflow.shared(
        serdes(desc.method.arrived),
        async (ctx: restate.WorkflowSharedContext) =>
          view(await ctx.promise("arrived", arrived), encoding, ctx.key),
      ),
    },
  });
}

export const services = [
  mirror(contract.Mirror),
  mirror(contract.JsonMirror),
  locker(contract.Locker),
  locker(contract.JsonLocker),
  journey(contract.Journey),
  journey(contract.JsonJourney),
];
