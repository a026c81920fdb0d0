import tseslint from "typescript-eslint";

// Generated code switches ESLint off for whoever lints with other rules; it is clean under these.
export default tseslint.config(
  { ignores: ["dist", "node22", "eslint.config.js", "generated/**/*_pb.ts"] },
  ...tseslint.configs.strict,
  ...tseslint.configs.strictTypeChecked.map((config) => ({ ...config, files: ["generated/**/*.ts"] })),
  {
    languageOptions: { parserOptions: { projectService: true, tsconfigRootDir: import.meta.dirname } },
    linterOptions: { noInlineConfig: true },
  },
);
