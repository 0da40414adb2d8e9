import { readdirSync, readFileSync } from 'node:fs'
import { join, resolve } from 'node:path'
import { z } from 'zod'

/** What a part of a snippet is for, in the order in which a developer needs them. */
export const PURPOSES = [
  'install',
  'sign in',
  'refresh',
  'sign out',
  'back-channel',
  'call an API',
  'protect an API',
  'run',
] as const

/** What is being built. The first six are clients, as far as a registration tells; `api` is a resource server. */
export const STACK_KINDS = ['web', 'spa', 'native', 'machine', 'mcp', 'device', 'api'] as const
export type StackKind = (typeof STACK_KINDS)[number]

/** How a client authenticates: with its secret in the header or in the body, with a key of its own, not at all. */
export const AUTHENTICATIONS = ['basic', 'post', 'key', 'none'] as const
export type Authentication = (typeof AUTHENTICATIONS)[number]

/** What a line or a file may depend on. */
export const CONDITIONS = [
  /** The issuer is on http: for trying out, on loopback. */
  'http',
  /** The redirect URI is on http, so the snippet listens there itself. */
  'local',
  /** The client may call an API; for an API always. */
  'api',
  /** The client wants to be told of sign-outs from other apps. */
  'backchannel',
  /** The client may ask for the scope `profile`. */
  'profile',
  /** The client may ask for the scope `groups`. */
  'groups',
  'secret',
  /** The client's requests and its answers have to be signed. */
  'signed',
  ...AUTHENTICATIONS,
] as const
export type Condition = (typeof CONDITIONS)[number]

const part = z.strictObject({
  /** A file of the folder. */
  file: z.string().regex(/^[\w.-]+$/),
  /** Where its text goes, or what to do with it; else the file's name. */
  label: z.string().optional(),
  for: z.array(z.enum(PURPOSES)).min(1),
  /** The whole file is for clients of which this holds, as a line with `// ? api` is. */
  if: z.enum(CONDITIONS).optional(),
})

/** Where a program looks for a claim, in its order. */
const places = z.array(z.enum(['id_token', 'userinfo'])).min(1)

/**
 * A program that is registered in one step, by its name and its address: what it is registered with beside what follows from
 * the stack, and how it asks, by its own documentation. Tests sign in that way.
 */
const preset = z.strictObject({
  /** An address of the program, as an example. Absent: it listens on loopback. */
  url: z.url().optional(),
  /** Whether it can be at a path of its host. */
  atPath: z.boolean().default(false),
  /** What it asks for, and what it is registered for. */
  scope: z.string(),
  /** How it authenticates, of the ways that the stack has. */
  authentication: z.enum(AUTHENTICATIONS),
  /** What its requests bring against codes of others. */
  protection: z.enum(['pkce', 'nonce', 'none']),
  /** It asks for all of `scopes_supported`, whatever it may have, unless its settings say another thing. */
  asksForAll: z.boolean().default(false),
  /** Where it looks for what it needs of a person. */
  reads: z.partialRecord(z.enum(['sub', 'name', 'preferred_username', 'email', 'groups']), places),
})

const manifest = z.strictObject({
  name: z.string(),
  /** For the list and the search. */
  language: z.string(),
  kinds: z.array(z.enum(STACK_KINDS)).min(1),
  /** Which of a client's ways to authenticate it can use; not for APIs. */
  authentication: z.array(z.enum(AUTHENTICATIONS)).default([]),
  /** `loopback`: it works with a redirect URI on http only. `scheme`: with a scheme of the app's own only (RFC 8252 §7.1). */
  redirect: z.enum(['any', 'loopback', 'scheme']).default('any'),
  /** It pushes its requests and proves a key (DPoP): for the clients that have to, and for no others. */
  hardened: z.boolean().default(false),
  /** The path of the redirect URI that the library insists on; empty where the URI ends with its host and port. */
  redirectPath: z
    .string()
    .regex(/^(\/.*)?$/)
    .optional(),
  /** Redirect URIs that it uses beside that one, with placeholders as in a file: of its app on phones, say. */
  moreRedirects: z.array(z.string()).default([]),
  /** It sends neither PKCE nor a nonce, so the client has to be registered with `pkce: optional`. */
  withoutPkce: z.boolean().default(false),
  /** It comes back to `signedOutPath` by itself: no file of it has `__POST_LOGOUT_URI__`. */
  comesBack: z.boolean().default(false),
  /** The path where the library comes back to after signing out; with `__POST_LOGOUT_URI__` in a file. */
  signedOutPath: z.string().startsWith('/').default('/'),
  preset: preset.optional(),
  /** One or two sentences for people: what it does, what it cannot. */
  about: z.string(),
  parts: z.array(part).min(1),
  /** Words of this library for the client's way to authenticate: `__NAME__` in a file. */
  words: z
    .record(z.string().regex(/^[A-Z_]+$/), z.partialRecord(z.enum(AUTHENTICATIONS), z.string()))
    .default({}),
  /** What it was run with, and when. Absent: nobody has run it, and people are told so. */
  tried: z.strictObject({ date: z.iso.date(), versions: z.record(z.string(), z.string()) }).optional(),
  /** Who runs it: `npm test`, or `npm run clients` with these programs on the machine. */
  run: z.union([z.literal('test'), z.strictObject({ tools: z.array(z.string()) })]).optional(),
})

export type Manifest = z.infer<typeof manifest>

/** One way to connect: a library, a framework, or a program with its settings. */
export interface Stack extends Omit<Manifest, 'parts'> {
  /** The folder's name. */
  id: string
  parts: {
    /** The file's name. */
    file: string
    label: string
    for: readonly (typeof PURPOSES)[number][]
    if: Condition | undefined
    text: string
  }[]
}

const FOLDER = resolve(import.meta.dirname, '../../../../snippets')

/**
 * Reads the stacks of `snippets/`, by name. @throws Error naming the file that is not as snippets/README.md says
 */
export function readStacks(folder = FOLDER): Stack[] {
  const stacks = readdirSync(folder, { withFileTypes: true })
    .filter((entry) => entry.isDirectory())
    .map(({ name: id }): Stack => {
      const file = join(folder, id, 'stack.json')
      try {
        const { parts, ...rest } = manifest.parse(JSON.parse(readFileSync(file, 'utf8')))
        return {
          id,
          ...rest,
          parts: parts.map((each) => ({
            file: each.file,
            label: each.label ?? each.file,
            for: each.for,
            if: each.if,
            text: readFileSync(join(folder, id, each.file), 'utf8'),
          })),
        }
      } catch (error) {
        throw new Error(`${file}: ${error instanceof Error ? error.message : error}`)
      }
    })
  return stacks.sort((one, other) => one.name.localeCompare(other.name, 'en'))
}

let stacks: Stack[] | undefined

/** All stacks, read at their first use. */
export const allStacks = (): Stack[] => {
  stacks ??= readStacks()
  return stacks
}
