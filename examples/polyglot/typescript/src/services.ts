import { create } from "@bufbuild/protobuf";
import type * as restate from "@restatedev/restate-sdk";
import {
  implementJourney,
  implementJsonJourney,
  implementJsonLocker,
  implementJsonMirror,
  implementLocker,
  implementMirror,
  JourneyPromiseKeys,
  JsonJourneyPromiseKeys,
  JsonLockerStateKeys,
  LockerStateKeys,
} from "../generated/polyglot/typescript/v1/services_restate.js";
import {
  type Values,
  ValuesSchema,
  ViewSchema,
} from "../generated/polyglot/values/v1/values_pb.js";
import { read } from "./reading.js";

/** What this program sees in the values, as a View. */
export function view(values: Values, encoding: string, key: string) {
  return create(ViewSchema, { values, fields: read(values), language: "typescript", encoding, key });
}

function mirror(encoding: string) {
  return {
    Reflect: async (_ctx: restate.Context, values: Values) => view(values, encoding, ""),
  };
}

function locker(state: typeof LockerStateKeys, encoding: string) {
  return {
    Keep: async (ctx: restate.ObjectContext, values: Values) => {
      state.kept.set(ctx, values);
      return view(values, encoding, ctx.key);
    },
    Look: async (ctx: restate.ObjectSharedContext) => {
      const values = await state.kept.get(ctx);
      return view(values ?? create(ValuesSchema), encoding, ctx.key);
    },
  };
}

function journey(promises: typeof JourneyPromiseKeys, encoding: string) {
  return {
    run: async (ctx: restate.WorkflowContext, values: Values) => {
      await promises.arrived.of(ctx).resolve(values);
      return view(values, encoding, ctx.key);
    },
    Arrived: async (ctx: restate.WorkflowSharedContext) =>
      view(await promises.arrived.of(ctx), encoding, ctx.key),
  };
}

export const services = [
  implementMirror(mirror("binary")),
  implementJsonMirror(mirror("json")),
  implementLocker(locker(LockerStateKeys, "binary")),
  implementJsonLocker(locker(JsonLockerStateKeys, "json")),
  implementJourney(journey(JourneyPromiseKeys, "binary")),
  implementJsonJourney(journey(JsonJourneyPromiseKeys, "json")),
];
