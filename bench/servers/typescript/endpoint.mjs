// The benchmark services on the official TypeScript SDK: `node endpoint.mjs PORT`.
import * as restate from "@restatedev/restate-sdk";

const { binary } = restate.serde;
const greeting = (request) => ({ greeting: `Hello ${request.name}` });

const greeter = restate.service({
  name: "Greeter",
  handlers: { greet: async (_ctx, request) => greeting(request) },
});

const tally = restate.object({
  name: "Tally",
  handlers: {
    add: async (ctx, amount) => {
      const count = ((await ctx.get("count")) ?? 0) + amount;
      ctx.set("count", count);
      return count;
    },
  },
});

const steps = restate.service({
  name: "Steps",
  handlers: {
    run: async (ctx, request) => ctx.run("step", () => greeting(request)),
    call: async (ctx, request) => ctx.serviceClient(greeter).greet(request),
    replay: async (ctx, request) => {
      let sum = 0;
      for (let step = 0; step < request.steps; step++) {
        sum += await ctx.run("step", () => 1);
      }
      return { steps: sum };
    },
    echo: restate.handlers.handler({ input: binary, output: binary }, async (_ctx, body) => body),
    park: async (ctx, request) => {
      await ctx.sleep({ hours: 1 });
      return greeting(request);
    },
  },
});

restate.serve({ services: [greeter, tally, steps], port: Number(process.argv[2]) });
