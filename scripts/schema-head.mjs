/** The head of a provider's schema; the models that follow it are the same for both. */
export const schemaHead = (
  provider,
) => `// Composed by scripts/generate-clients.mjs from ../models.prisma: edit that.
generator client {
  provider               = "prisma-client"
  output                 = "../../src/storage/generated/${provider}"
  runtime                = "nodejs"
  moduleFormat           = "esm"
  generatedFileExtension = "ts"
  importFileExtension    = "ts"
  compilerBuild          = "small"
}

datasource db {
  provider = "${provider}"
}

`
