import { z } from 'zod'
import type { ConnectorField, ConnectorKind } from '../connector-kind.ts'
import type { EnvironmentProvider } from './environment.ts'
import type { Kinds } from './input.ts'

/** RFC 6749 appendix A.1: client-id = *VSCHAR. */
const clientId = z.string().regex(/^[\x20-\x7e]{1,500}$/, {
  error: 'must be the client ID that the provider has given out, for example Iv1.8a61f9b3a7aba766',
})

const variablesOf = (id: string) => {
  const prefix = id.toUpperCase().replaceAll('-', '_')
  return {
    clientId: `${prefix}_CLIENT_ID`,
    clientSecret: `${prefix}_CLIENT_SECRET`,
    of: ({ variable }: ConnectorField) => (variable === undefined ? undefined : `${prefix}_${variable}`),
  }
}

const inEnvironment = (kinds: Kinds): [id: string, ConnectorKind][] =>
  Object.entries(kinds).filter(([, { environment }]) => environment === true)

/** Client ID and client secret of each kind: the variables that mean nothing alone. The second is secret. */
export const registrationVariables = (kinds: Kinds): (readonly [clientId: string, clientSecret: string])[] =>
  inEnvironment(kinds).map(([id]) => [variablesOf(id).clientId, variablesOf(id).clientSecret])

/**
 * The providers that an environment sets: one of a kind, under the name of the kind. Variables of a provider that is not
 * set are looked at all the same.
 * @param env without empty variables
 * @returns `problems`: a line for each wrong variable, with an example of a right value
 */
export function readProviders(
  kinds: Kinds,
  env: Readonly<Record<string, string | undefined>>,
): { providers: EnvironmentProvider[]; problems: string[] } {
  const read = inEnvironment(kinds).map(([id, kind]) => readProvider(id, kind, env))
  return {
    providers: read.flatMap(({ provider }) => provider ?? []),
    problems: read.flatMap(({ problems }) => problems),
  }
}

function readProvider(
  id: string,
  kind: ConnectorKind,
  env: Readonly<Record<string, string | undefined>>,
): { problems: string[]; provider?: EnvironmentProvider } {
  const variables = variablesOf(id)
  const [client, clientSecret] = [env[variables.clientId], env[variables.clientSecret]]
  const problems = client === undefined ? [] : problemOf(variables.clientId, clientId, client)
  const settings: Record<string, unknown> = {}
  for (const [name, field] of Object.entries(kind.fields)) {
    const variable = variables.of(field)
    const text = variable && env[variable]
    if (variable === undefined) continue
    if (text !== undefined) settings[name] = field.normalise?.(text) ?? text
    if (text !== undefined || client !== undefined)
      problems.push(...problemOf(variable, field.schema, settings[name], field.example))
  }
  if (problems.length > 0) return { problems }
  const parsed = kind.settings.safeParse(settings)
  // Each field is right: only `together` is left.
  if (!parsed.success) return { problems: [notTogether(kind, variables.of)] }
  if (client === undefined || clientSecret === undefined) return { problems }
  const given = parsed.data as EnvironmentProvider['settings']
  return { problems, provider: { id, kind: id, clientId: client, clientSecret, settings: given } }
}

/** The first thing that is wrong with a variable. It says what is, never what was written: that may be a secret. */
function problemOf(variable: string, schema: z.ZodType, value: unknown, example?: unknown): string[] {
  const { error } = schema.safeParse(value)
  if (error === undefined) return []
  return [
    value === undefined
      ? `${variable} is missing, for example ${example}`
      : `${variable} ${error.issues[0]?.message}`,
  ]
}

function notTogether(
  { fields, together }: ConnectorKind,
  variableOf: (field: ConnectorField) => string | undefined,
) {
  const both = (together?.fields ?? []).flatMap((name) => fields[name] ?? [])
  const [variables, examples] = [both.map(variableOf), both.map(({ example }) => example)]
  return `${variables.join(' and ')} belong together: set both or neither, for example ${examples.join(' and ')}`
}
