import { z } from 'zod'
import { saying, type TextKey } from '../shared/locales/texts.ts'
import type { FieldProblem } from '../shared/validation-error.ts'
import type { Connector, Registration } from './connector.ts'

/**
 * One setting of a kind, beyond the Registration. All that sets it is made of this: REST and YAML (`settings.NAME`), the
 * console's form, the option of `latchkey providers add`, the environment variable.
 *
 * None of them is secret: a registration has one secret, the client secret, which is sealed where it is stored.
 */
export interface ConnectorField<Schema extends z.ZodType = z.ZodType> {
  /** What is accepted, and the default. A message says what to write: it stands behind the field's name. */
  schema: Schema
  /** How it is typed. `pairs`: an object of texts, as repeated `name=value`. */
  input: 'text' | 'url' | 'flag' | 'pairs'
  /** All that it may be; the form has a select for it. */
  choices?: readonly string[]
  /** A value that the schema accepts, for messages and tests. */
  example: unknown
  /** `--api-url <url>`. A field of the same name has the same one in every kind. */
  option: string
  /** What the option says about it. */
  sentence: string
  /** In the console's form. Undefined: the form leaves it out. */
  label?: string
  /** Below the field in the form. */
  hint?: string
  /** Behind the kind in the environment: `URL` is GITHUB_URL. Undefined: the environment does not set it. */
  variable?: string
  /** Makes what was written in the variable what the schema takes. */
  normalise?: (text: string) => string
}

export type ConnectorFields = Readonly<Record<string, ConnectorField>>

type SettingsOf<Fields extends ConnectorFields> = z.output<
  z.ZodObject<{ -readonly [Name in keyof Fields]: Fields[Name]['schema'] }>
>

/** A kind of provider: what can be set, and how it is spoken to. Adding one is this, and a line in connectors/kinds.ts. */
export interface ConnectorKind<Settings = unknown> {
  about: {
    /** The name that people know it by; the button has it, unless the configuration gives another. */
    name: string
    /** Who may sign in by it, for administrators. */
    sentence: string
    /** Where the provider explains how an app is registered. */
    docs: string
  }
  /** Paths of an SVG with the viewBox 0 0 24 24. Undefined: a door is drawn. */
  icon?: string
  /** Whether every client there has a secret. */
  secret: 'required' | 'optional'
  /** Set by KIND_CLIENT_ID, KIND_CLIENT_SECRET and the variables of the fields as well. */
  environment?: true
  fields: ConnectorFields
  /** Two fields that are set both, or neither. */
  together?: { fields: readonly [string, string]; message: TextKey }
  /** What the button of a provider without a name says; absent: the name of the kind. `hint`: completes “Empty: …”. */
  defaultName?: { hint: string; of(settings: Settings): string }
  /** Beyond the schema, when a provider is added or changed: a stored one is read all the same. */
  problems?(settings: Settings, registration: { hasSecret: boolean }): FieldProblem[]
  /** All fields as one object; what is unknown is refused. */
  settings: z.ZodType<Settings>
  create(registration: Registration, settings: Settings): Connector
}

/** A kind with the schema that its fields make. */
export function connectorKind<const Fields extends ConnectorFields>(
  kind: Omit<ConnectorKind<SettingsOf<Fields>>, 'fields' | 'settings' | 'create'> & {
    fields: Fields
    create(registration: Registration, settings: SettingsOf<Fields>): Connector
  },
): ConnectorKind<SettingsOf<Fields>> {
  const shape = Object.fromEntries(Object.entries(kind.fields).map(([name, { schema }]) => [name, schema]))
  const { together, fields } = kind
  const settings = z
    .strictObject(shape)
    .refine((given) => together === undefined || isSetTogether(fields, together.fields, given), {
      path: together === undefined ? [] : [together.fields[1]],
      ...(together !== undefined && saying(together.message)),
    }) as unknown as z.ZodType<SettingsOf<Fields>>
  return { ...kind, settings }
}

/** Whether both of two fields have their default, or neither. */
const isSetTogether = (
  fields: ConnectorFields,
  names: readonly [string, string],
  given: Readonly<Record<string, unknown>>,
): boolean => {
  const [one, other] = names.map((name) => given[name] === fields[name]?.schema.parse(undefined))
  return one === other
}
