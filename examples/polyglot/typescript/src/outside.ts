// Calls the services of all teams from outside of Restate. The arguments are the address of the
// ingress and a file with CallRequests, each a line in base64. For each it prints a line:
// "report", and the CallReport in base64; or "failed", and why.

import { create, fromBinary, toBinary } from "@bufbuild/protobuf";
import { connect, type Ingress, rpc, type Send } from "@restatedev/restate-sdk-clients";
import { responseOf } from "../generated/polyglot/typescript/v1/restate_serde.js";
import {
  type CallReport,
  CallReportSchema,
  type CallRequest,
  CallRequestSchema,
  Kind,
  Mode,
  ValuesSchema,
  type View,
} from "../generated/polyglot/values/v1/values_pb.js";
import { seenBy } from "./caller.js";
import { answerAll } from "./requests.js";
import { servicesOf } from "./teams.js";

async function call(ingress: Ingress, request: CallRequest): Promise<CallReport> {
  const services = servicesOf(request);
  if (services === undefined) {
    throw new Error(`no such team: ${String(request.callee)}`);
  }
  const { mirror, locker, journey, run } = services;
  const { key, values = create(ValuesSchema) } = request;
  const report = create(CallReportSchema);
  const sends = request.mode === Mode.SEND;
  // What is sent can be attached to if it has an idempotency key, as a workflow has its id.
  const options = { idempotencyKey: key, delay: { milliseconds: 10 } };
  if (request.kind === Kind.OBJECT) {
    const client = ingress.client(locker, key);
    if (sends) {
      const sent = await ingress.sendClient(locker, key).Keep(values, rpc.sendOpts(options));
      report.calleeView = await ingress.result(sent, responseOf(locker, "Keep"));
    } else {
      report.calleeView = await client.Keep(values, rpc.opts({ idempotencyKey: key }));
    }
    report.laterView = await client.Look();
  } else if (request.kind === Kind.WORKFLOW) {
    const client = ingress.client(journey, key);
    if (sends) {
      const { delay } = options;
      const sent = await ingress.sendClient(journey, key)[run](values, rpc.sendOpts({ delay }));
      const attachable: Send<View> = { ...sent, attachable: true };
      report.calleeView = await ingress.result(attachable, responseOf(journey, run));
    } else {
      report.calleeView = await client[run](values);
    }
    report.laterView = await client.Arrived();
  } else if (sends) {
    const sent = await ingress.sendClient(mirror).Reflect(values, rpc.sendOpts(options));
    report.calleeView = await ingress.result(sent, responseOf(mirror, "Reflect"));
  } else {
    const client = ingress.client(mirror);
    report.calleeView = await client.Reflect(values, rpc.opts({ idempotencyKey: key }));
  }
  report.callerView = seenBy(report.calleeView, key);
  return report;
}

const [url = "", file = ""] = process.argv.slice(2);
const ingress = connect({ url });
await answerAll(file, async (data) =>
  toBinary(CallReportSchema, await call(ingress, fromBinary(CallRequestSchema, data))),
);
