// The endpoint of the TypeScript team: the services of polyglot/typescript/v1 on 127.0.0.1:$PORT.

import * as http2 from "node:http2";
import { createEndpointHandler } from "@restatedev/restate-sdk";
import { caller } from "./caller.js";
import { desk, visitor } from "./desks.js";
import { services } from "./services.js";

const server = http2.createServer(
  createEndpointHandler({
    services: [...services, caller, desk, visitor],
    logger: (about, ...message) => {
      if (about.level === "error" || about.level === "warn") {
        console.error(...message);
      }
    },
  }),
);
server.listen(Number(process.env.PORT), "127.0.0.1", () => console.log("ready"));
process.on("SIGTERM", () => process.exit(0));
