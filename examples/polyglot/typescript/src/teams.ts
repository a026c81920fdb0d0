/** The services of all teams, by what they have in common. */

import type { WorkflowDescriptor } from "@restatedev/restate-sdk";
import * as golang from "../generated/polyglot/golang/v1/services_restate.js";
import * as java from "../generated/polyglot/java/v1/services_restate.js";
import * as kotlin from "../generated/polyglot/kotlin/v1/services_restate.js";
import * as python from "../generated/polyglot/python/v1/services_restate.js";
import * as typescript from "../generated/polyglot/typescript/v1/services_restate.js";
import { type CallRequest, Encoding, Language } from "../generated/polyglot/values/v1/values_pb.js";

const teams = {
  [Language.PYTHON]: python,
  [Language.JAVA]: java,
  [Language.KOTLIN]: kotlin,
  [Language.GO]: golang,
  [Language.TYPESCRIPT]: typescript,
};

/** A workflow of any team: the run handler is `run` in TypeScript's contract, and `Run` in others'. */
type Journey = WorkflowDescriptor<
  string,
  (typeof java.Journey)["_handlers"] & (typeof typescript.Journey)["_handlers"]
>;

/** Returns the services that a request is about; undefined where there is no such team. */
export function servicesOf({ callee, encoding }: CallRequest) {
  if (callee === Language.UNSPECIFIED) {
    return undefined;
  }
  const team = teams[callee];
  const run: "run" | "Run" = callee === Language.TYPESCRIPT ? "run" : "Run";
  return encoding === Encoding.JSON
    ? { mirror: team.JsonMirror, locker: team.JsonLocker, journey: team.JsonJourney as Journey, run }
    : { mirror: team.Mirror, locker: team.Locker, journey: team.Journey as Journey, run };
}
