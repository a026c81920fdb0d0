import { readFileSync } from "node:fs";

/** Answers each line of a file, which is in base64, with a line: "report", or "failed" and why. */
export async function answerAll(file: string, answer: (data: Uint8Array) => Promise<Uint8Array>) {
  for (const line of readFileSync(file, "utf-8").split("\n").filter(Boolean)) {
    try {
      const report = await answer(Buffer.from(line, "base64"));
      console.log("report", Buffer.from(report).toString("base64"));
    } catch (error) {
      console.log("failed", String(error).replaceAll("\n", " "));
    }
  }
}
