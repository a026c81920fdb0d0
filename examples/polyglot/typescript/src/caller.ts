import { create } from "@bufbuild/protobuf";
import { EmptySchema } from "@bufbuild/protobuf/wkt";
import * as restate from "@restatedev/restate-sdk";
import * as golangBinary from "../generated/polyglot/golang/v1/binary_pb.js";
import * as golangJson from "../generated/polyglot/golang/v1/services_pb.js";
import * as java from "../generated/polyglot/java/v1/services_pb.js";
import * as kotlin from "../generated/polyglot/kotlin/v1/services_pb.js";
import * as python from "../generated/polyglot/python/v1/services_pb.js";
import * as typescript from "../generated/polyglot/typescript/v1/services_pb.js";
import {
  CallReportSchema,
  type CallRequest,
  Encoding,
  Kind,
  Language,
  Mode,
  ValuesSchema,
} from "../generated/polyglot/values/v1/values_pb.js";
import { attach, call, encodingOf, send, serdes } from "./contract.js";
import { view } from "./services.js";

const teams = {
  [Language.PYTHON]: python,
  [Language.JAVA]: java,
  [Language.KOTLIN]: kotlin,
  [Language.GO]: { ...golangBinary, ...golangJson },
  [Language.TYPESCRIPT]: typescript,
  [Language.UNSPECIFIED]: undefined,
};

type Handler = typeof python.Mirror.method.reflect;
type LaterHandler = typeof python.Locker.method.look;

/** The handler that a request is about, and the one that is asked afterwards. */
function handlersOf(request: CallRequest): [Handler, LaterHandler?] {
  const team = teams[request.callee];
  if (team === undefined) {
    throw new restate.TerminalError(`no such team: ${request.callee}`, { errorCode: 400 });
  }
  const json = request.encoding === Encoding.JSON;
  if (request.kind === Kind.OBJECT) {
    const { keep, look } = (json ? team.JsonLocker : team.Locker).method;
    return [keep, look];
  }
  if (request.kind === Kind.WORKFLOW) {
    const { run, arrived } = (json ? team.JsonJourney : team.Journey).method;
    return [run, arrived];
  }
  return [(json ? team.JsonMirror : team.Mirror).method.reflect];
}

async function makeCall(ctx: restate.Context, request: CallRequest) {
  const [handler, laterHandler] = handlersOf(request);
  const values = request.values ?? create(ValuesSchema);
  const key = request.kind === Kind.SERVICE ? undefined : request.key;
  const report = create(CallReportSchema);
  if (request.mode === Mode.SEND) {
    const handle = send(ctx, handler, values, { key, delay: { milliseconds: 10 } });
    report.calleeView = await attach(ctx, handler, handle);
  } else {
    // A workflow's id is its idempotency key.
    const idempotencyKey = request.kind === Kind.WORKFLOW ? undefined : request.key;
    report.calleeView = await call(ctx, handler, values, { key, idempotencyKey });
  }
  if (laterHandler !== undefined) {
    report.laterView = await call(ctx, laterHandler, create(EmptySchema), { key });
  }
  const seen = report.calleeView.values ?? create(ValuesSchema);
  report.callerView = view(seen, encodingOf(handler.parent), request.key);
  return report;
}

export const caller = restate.service({
  name: typescript.Caller.typeName,
  handlers: {
    Call: restate.handlers.handler(serdes(typescript.Caller.method.call), makeCall),
  },
});
