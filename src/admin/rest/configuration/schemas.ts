import { z } from 'zod'
import { timestamp } from '../schemas.ts'

export const change = z
  .object({
    kind: z.enum([
      'setting',
      'resource',
      'role',
      'group',
      'organization',
      'attribute',
      'claim',
      'hook',
      'webhook',
      'administrator_role',
      'brand',
      'text',
      'provider',
      'client',
    ]),
    action: z.enum(['create', 'update', 'delete']),
    name: z.string().meta({ description: 'What the file calls it.' }),
    id: z.string().optional().meta({ description: 'Of what exists.' }),
    title: z.string().optional(),
    fields: z.array(
      z.object({
        field: z.string(),
        before: z.unknown().optional().meta({ description: 'Absent: not set.' }),
        after: z.unknown().optional(),
      }),
    ),
  })
  .meta({ id: 'ConfigurationChange' })

const unnamed = z
  .object({
    settings: z.int(),
    resources: z.int(),
    roles: z.int(),
    groups: z.int(),
    organizations: z.int(),
    attributes: z.int(),
    claims: z.int(),
    hooks: z.int(),
    webhooks: z.int(),
    texts: z.int(),
    providers: z.int(),
    clients: z.int(),
  })
  .meta({ description: 'How many things the file does not name, and leaves alone.' })

export const plan = z
  .object({
    changes: z.array(change),
    unnamed,
    warnings: z
      .array(z.string())
      .meta({ description: 'What to know before it is applied: a scope that two APIs have.' }),
  })
  .meta({ id: 'ConfigurationPlan' })

export const applied = z
  .object({
    status: z
      .enum(['applied', 'stopped'])
      .meta({ description: 'stopped: at `failed`; what is in `done` is done, what follows was not tried.' }),
    done: z.array(change),
    warnings: z
      .array(z.string())
      .meta({ description: 'What is to be known of it: a scope that two APIs have.' }),
    secrets: z
      .array(
        z.union([
          z.object({ name: z.string(), client_id: z.string(), client_secret: z.string() }),
          z.object({
            kind: z.enum(['hook', 'webhook']),
            name: z.string(),
            id: z.string(),
            secret: z.string(),
          }),
        ]),
      )
      .meta({
        description: 'Of new clients, and those that sign for new hooks and webhooks. Shown this once.',
      }),
    failed: z.object({ change, code: z.string(), messages: z.array(z.string()) }).optional(),
  })
  .meta({ id: 'ConfigurationApplied' })

export const drift = z
  .object({
    applied_at: timestamp.nullable().meta({ description: 'null: no file was ever applied.' }),
    applied_by: z.string().nullable(),
    problem: z.string().nullable().meta({ description: 'Why it cannot be compared any more.' }),
    changes: z.array(change).meta({ description: 'What applying it again would do.' }),
    unnamed: unnamed.nullable(),
  })
  .meta({ id: 'ConfigurationDrift' })

export const fileBody = z
  .strictObject(
    {
      yaml: z.string('Send the file as text.').meta({ description: 'The file.' }),
      secrets: z.record(z.string().max(200), z.string().max(4000)).default({}).meta({
        description: 'Secrets of providers, by the names that `client_secret_env` has in the file.',
      }),
    },
    { error: 'Send a JSON object with yaml, or the file itself as application/yaml.' },
  )
  .meta({
    examples: [
      {
        yaml: 'version: 1\nclients:\n  - key: web\n    client_name: Web shop\n    redirect_uris: [https://shop.example/cb]\n',
        secrets: { OKTA_SECRET: 'the secret of the provider' },
      },
    ],
  })
