// typescript-eslint's strictest sets of rules, with types from the project in the working directory.
import tseslint from "typescript-eslint";

export default [
  ...tseslint.configs.strictTypeChecked,
  ...tseslint.configs.stylisticTypeChecked,
  {
    languageOptions: {
      parserOptions: { projectService: true, tsconfigRootDir: process.cwd() },
    },
  },
];
