// Visits the desks of all teams from outside of Restate. The arguments are the address of the
// ingress and a file with VisitRequests, each a line in base64. For each it prints a line:
// "report", and the VisitReport in base64; or "failed", and why.

import { fromBinary, toBinary } from "@bufbuild/protobuf";
import { connect } from "@restatedev/restate-sdk-clients";
import { VisitReportSchema, VisitRequestSchema } from "../generated/polyglot/values/v1/desk_pb.js";
import { deskOf, visit } from "./desks.js";
import { answerAll } from "./requests.js";

const [url = "", file = ""] = process.argv.slice(2);
const ingress = connect({ url });
await answerAll(file, async (data) => {
  const request = fromBinary(VisitRequestSchema, data);
  const { Desk, key } = deskOf(request);
  return toBinary(VisitReportSchema, await visit(ingress.client(Desk, key), request));
});
