// The desks of the TypeScript team, and how it visits those of others: typed keys and errors, rules, bytes.

import { create } from "@bufbuild/protobuf";
import { TerminalError } from "@restatedev/restate-sdk";
import * as golang from "../generated/polyglot/golang/v1/desk_restate.js";
import * as java from "../generated/polyglot/java/v1/desk_restate.js";
import * as kotlin from "../generated/polyglot/kotlin/v1/desk_restate.js";
import * as python from "../generated/polyglot/python/v1/desk_restate.js";
import * as typescript from "../generated/polyglot/typescript/v1/desk_restate.js";
import {
  DeskKeySchema,
  type DeskView,
  DeskViewSchema,
  Errand,
  type Guest,
  GuestSchema,
  type Refused,
  RefusedSchema,
  type VisitReport,
  VisitReportSchema,
  type VisitRequest,
} from "../generated/polyglot/values/v1/desk_pb.js";
import { Language } from "../generated/polyglot/values/v1/values_pb.js";

export const desk = typescript.implementDesk({
  Look: async (ctx) =>
    create(DeskViewSchema, {
      language: "typescript",
      text: ctx.key,
      key: typescript.DeskKeyFormat.of(ctx),
    }),
  Ask: async (_, request) => {
    throw new typescript.RefusedError(request, `refused: ${request.reason}`);
  },
  Register: async () => undefined,
  Scan: async (_, request) => request.toReversed(),
});

export const visitor = typescript.implementVisitor({
  Visit: async (ctx, request) => {
    const { Desk, key } = deskOf(request);
    return visit(ctx.client(Desk, key), request);
  },
});

const teams = {
  [Language.GO]: golang,
  [Language.JAVA]: java,
  [Language.KOTLIN]: kotlin,
  [Language.PYTHON]: python,
  [Language.TYPESCRIPT]: typescript,
};

/** Returns the desk that a request is about, and its key. */
export function deskOf({ callee, key }: VisitRequest) {
  if (callee === Language.UNSPECIFIED) {
    throw new TerminalError(`no such desk: ${String(callee)}`, { errorCode: 400 });
  }
  const { Desk, DeskKeyFormat } = teams[callee];
  return { Desk, key: DeskKeyFormat.format(key ?? create(DeskKeySchema)) };
}

/** What the clients of a desk have in common, in handlers and outside. */
interface AnyDesk {
  Look(): Promise<DeskView>;
  Ask(request: Refused): Promise<void>;
  Register(guest: Guest): Promise<void>;
  Scan(document: Uint8Array): Promise<Uint8Array>;
}

export async function visit(desk: AnyDesk, request: VisitRequest): Promise<VisitReport> {
  const report = create(VisitReportSchema);
  try {
    switch (request.errand) {
      case Errand.ASK:
        await desk.Ask(request.refused ?? create(RefusedSchema));
        break;
      case Errand.REGISTER:
        await desk.Register(request.guest ?? create(GuestSchema));
        break;
      case Errand.SCAN:
        report.image = await desk.Scan(request.document);
        break;
      default:
        report.seen = await desk.Look();
    }
  } catch (error) {
    const refused = typescript.RefusedError.from(error);
    if (refused !== undefined) {
      report.refused = refused.detail;
    }
    const broken = typescript.ViolationsError.from(error);
    if (broken !== undefined) {
      report.brokenRules = broken.detail.violations.map(({ ruleId }) => ruleId);
    }
    const failed = refused ?? broken ?? error;
    if (!(failed instanceof Error)) {
      throw failed;
    }
    report.code = codeOf(failed);
    report.text = failed.message;
  }
  return report;
}

/** The code of an error of the SDK, or the status of one of its ingress client. */
function codeOf(error: Error & { code?: number; status?: number }): number {
  return error.code ?? error.status ?? 0;
}
