/** Validates requests by the rules of buf.validate in their contract. */

import { type DescFile, type DescMessage, type Message } from "@bufbuild/protobuf";
import {
  createValidator,
  type Validator,
  type Violation as FoundViolation,
  violationsToProto,
} from "@bufbuild/protovalidate";
import {
  type FieldPathElement,
  type Violation,
} from "@bufbuild/protovalidate/gen/buf/validate/validate_pb.js";
import { TerminalError } from "@restatedev/restate-sdk";
import { detailMetadata } from "./restate_errors.js";
import { registryOf } from "./restate_serde.js";

// A failure travels with the journal and the answer: what is said in it stays bounded.
const MOST_VIOLATIONS = 100;
const MOST_SHOWN = 20;

/** The rules for the requests of a service. */
export class RequestRules {
  readonly #service: string;
  readonly #requests: ReadonlyMap<string, DescMessage>;

  /**
   * @param service - the name of the service
   * @param requests - the messages that have rules, by the names of their handlers
   */
  constructor(service: string, requests: Readonly<Record<string, DescMessage>>) {
    this.#service = service;
    this.#requests = new Map(Object.entries(requests));
  }

  /**
   * Throws an error with code 400 and the violations as its detail if a request breaks a rule. A rule
   * that is wrong, or cannot be evaluated for the request, is an error that is retried.
   */
  check(handler: string, request: unknown): void {
    const schema = this.#requests.get(handler);
    if (schema === undefined) {
      return;
    }
    const name = `${this.#service}/${handler}`;
    const { kind, error, violations } = validatorOf(schema.file).validate(schema, request as Message);
    if (kind === "error") {
      throw new Error(`${name}: a rule of buf.validate has to be corrected: ${error.message}`, {
        cause: error,
      });
    }
    if (kind === "invalid") {
      throw refusal(name, violations);
    }
  }
}

const validators = new Map<DescFile, Validator>();

/** Returns the validator for the messages of a file, whose imports may have rules of their own. */
function validatorOf(file: DescFile): Validator {
  let validator = validators.get(file);
  if (validator === undefined) {
    validator = createValidator({ registry: registryOf(file) });
    validators.set(file, validator);
  }
  return validator;
}

function refusal(name: string, found: readonly FoundViolation[]): TerminalError {
  const [detail, schema] = violationsToProto(found.slice(0, MOST_VIOLATIONS));
  const shown = detail.violations.slice(0, MOST_SHOWN).map(textOf).join("; ");
  const more = found.length - MOST_SHOWN;
  return new TerminalError(
    `${name}: invalid request: ${shown}${more > 0 ? `; and ${String(more)} more` : ""}`,
    { errorCode: 400, metadata: detailMetadata(schema, detail) },
  );
}

function textOf({ field, forKey, message, ruleId }: Violation): string {
  const path = field?.elements.map(elementOf).join(".") ?? "";
  const where = forKey ? `the key ${path}` : path;
  const what = message === "" ? `breaks the rule ${ruleId}` : message;
  return where === "" ? what : `${where}: ${what}`;
}

/** Returns a part of a path as protovalidate writes it: `items[2]`, `labels["a"]`. */
function elementOf({ fieldName, subscript }: FieldPathElement): string {
  switch (subscript.case) {
    case undefined:
      return fieldName;
    case "stringKey": {
      const key = subscript.value.replaceAll("\\", "\\\\").replaceAll('"', '\\"');
      return `${fieldName}["${key}"]`;
    }
    default:
      return `${fieldName}[${String(subscript.value)}]`;
  }
}
