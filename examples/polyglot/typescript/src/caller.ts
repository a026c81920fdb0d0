import { create } from "@bufbuild/protobuf";
import {
  type Context,
  type InvocationHandle,
  rpc,
  type Serde,
  TerminalError,
} from "@restatedev/restate-sdk";
import { responseOf } from "../generated/polyglot/typescript/v1/restate_serde.js";
import { implementCaller } from "../generated/polyglot/typescript/v1/services_restate.js";
import {
  CallReportSchema,
  type CallRequest,
  Kind,
  Mode,
  ValuesSchema,
  type View,
} from "../generated/polyglot/values/v1/values_pb.js";
import { view } from "./services.js";
import { servicesOf } from "./teams.js";

async function makeCall(ctx: Context, request: CallRequest) {
  const services = servicesOf(request);
  if (services === undefined) {
    throw new TerminalError(`no such team: ${String(request.callee)}`, { errorCode: 400 });
  }
  const { mirror, locker, journey, run } = services;
  const { key, values = create(ValuesSchema) } = request;
  const report = create(CallReportSchema);
  const sends = request.mode === Mode.SEND;
  const delay = { milliseconds: 10 };
  if (request.kind === Kind.OBJECT) {
    if (sends) {
      const sent = ctx.sendClient(locker, key).Keep(values, rpc.sendOpts({ delay }));
      report.calleeView = await attach(ctx, sent, responseOf(locker, "Keep"));
    } else {
      const client = ctx.client(locker, key);
      report.calleeView = await client.Keep(values, rpc.opts({ idempotencyKey: key }));
    }
    report.laterView = await ctx.client(locker, key).Look();
  } else if (request.kind === Kind.WORKFLOW) {
    if (sends) {
      const sent = ctx.sendClient(journey, key)[run](values, rpc.sendOpts({ delay }));
      report.calleeView = await attach(ctx, sent, responseOf(journey, run));
    } else {
      report.calleeView = await ctx.client(journey, key)[run](values);
    }
    report.laterView = await ctx.client(journey, key).Arrived();
  } else if (sends) {
    const sent = ctx.sendClient(mirror).Reflect(values, rpc.sendOpts({ delay }));
    report.calleeView = await attach(ctx, sent, responseOf(mirror, "Reflect"));
  } else {
    const client = ctx.client(mirror);
    report.calleeView = await client.Reflect(values, rpc.opts({ idempotencyKey: key }));
  }
  report.callerView = seenBy(report.calleeView, key);
  return report;
}

/** Waits for the response to a message. */
async function attach<T>(ctx: Context, sent: InvocationHandle, response: Serde<T>): Promise<T> {
  return ctx.invocation(await sent.invocationId).attach(response);
}

/** What this program reads in the values of a view. */
export function seenBy(callee: View, key: string): View {
  return view(callee.values ?? create(ValuesSchema), callee.encoding, key);
}

export const caller = implementCaller({ Call: makeCall });
