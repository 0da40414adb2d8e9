// Hooks own: programs that are asked before a sign-in, a registration or tokens; how they are asked, and what their answers come to. They do not
// own: where something waits for the answer (src/oidc, src/accounts, which know src/shared/before-hook.ts).
//
//   about to happen ──► which hooks are due ──► all at once, a second at most ──► one verdict: denied, a factor, claims
import type { AboutToHappen, BeforeHooks, Verdict } from '../shared/before-hook.ts'
import type { Clock } from '../shared/clock.ts'
import {
  createDefinitions,
  type Defined,
  type DefinitionEvent,
  type Definitions,
  type DocumentStore,
} from '../shared/definitions/definitions.ts'
import type { ContentOf } from '../shared/definitions/field.ts'
import { t } from '../shared/locales/texts.ts'
import type { Secrets } from '../shared/secrets.ts'
import { newSecret } from '../shared/standard-webhooks.ts'
import { refusedFields } from '../shared/validation-error.ts'
import { type Asked, createCall, questionOf } from './call.ts'
import { hookFields, type Moment } from './table.ts'

type HookContent = ContentOf<typeof hookFields>

/** What is kept of a hook beside its fields: sealed secrets. */
interface Kept {
  secret: string
  former?: { secret: string; until: number } | undefined
}

export type Hook = Defined<HookContent>

export type HookEvent =
  | DefinitionEvent<'hook'>
  | { type: 'hook.secret_rotated' | 'hook.tested'; id: string; name: string }
  | { type: 'hook.denied'; id: string; name: string; at: Moment; account?: string; client?: string }

/** What a receiver was asked by the button, and answered. */
export type Tried = Asked

export interface Hooks extends Omit<Definitions<HookContent>, 'keep'>, BeforeHooks {
  /** As `create`, with the secret that signs. */
  createWithSecret(input: Readonly<Record<string, unknown>>): Promise<Hook & { secret: string }>
  /** The secret before signs too, for a day. @returns the new one, shown once @throws AppError hook_not_found (404) */
  rotateSecret(id: string): Promise<Hook & { secret: string }>
  /** Asks it about nobody; its answer changes nothing. @throws AppError hook_not_found (404) */
  test(id: string): Promise<Tried>
  /** Until when a former secret signs too, in milliseconds since the epoch. */
  formerUntil(hook: Hook): number | undefined
}

const MAX_HOOKS = 20
const DAY = 86_400_000

export function createHooks(deps: {
  store: DocumentStore
  clock: Clock
  fetch: typeof fetch
  secrets: Pick<Secrets, 'seal' | 'open'>
  /** Why an address may not be called; undefined: it may. */
  urlProblem(url: URL): string | undefined
  events(event: HookEvent): void
  logger: { warn(fields: object, message: string): void }
}): Hooks {
  const { clock, events, secrets } = deps
  const context = (id: string) => `hook ${id}`
  const fresh = (id: string) => {
    const secret = newSecret()
    return { secret, sealed: secrets.seal(secret, context(id)) }
  }
  const { keep, ...definitions } = createDefinitions({
    kind: 'hook',
    fields: hookFields,
    most: MAX_HOOKS,
    store: deps.store,
    clock,
    check({ url: typed }) {
      const url = URL.parse(typed)
      if (url === null || !/^https?:$/.test(url.protocol))
        throw refusedFields({ url: t('admin.hooks.problem.url') })
      if (url.username || url.password || url.hash)
        throw refusedFields({ url: t('admin.hooks.problem.url.parts') })
      const problem = deps.urlProblem(url)
      if (problem !== undefined)
        throw refusedFields({ url: t('admin.hooks.problem.url.refused', { problem }) })
    },
    beside: (id): Kept => ({ secret: fresh(id).sealed }),
    events,
  })
  const call = createCall(deps)

  const secretsOf = (hook: Hook): string[] => {
    const { secret, former } = hook as Hook & Kept
    const sealed = former !== undefined && former.until > clock() ? [secret, former.secret] : [secret]
    return sealed.map((each) => secrets.open(each, context(hook.id)))
  }

  const due = (at: Moment, clientId: string | undefined): readonly Hook[] =>
    definitions
      .live()
      .filter(
        (hook) =>
          hook.at === at &&
          hook.state === 'enabled' &&
          (hook.clients.length === 0 || (clientId !== undefined && hook.clients.includes(clientId))),
      )

  async function askOne(hook: Hook, at: Moment, about: AboutToHappen): Promise<Verdict> {
    const failed = (failure: string): Verdict => {
      deps.logger.warn(
        { hook: hook.name, at, on_failure: hook.on_failure, failure },
        'a hook gave no good answer',
      )
      const denied = hook.on_failure === 'deny' ? t('denied.unanswered') : undefined
      return { denied, secondFactor: false, claims: {} }
    }
    try {
      const { answer, failure } = await call(hook, secretsOf(hook), await questionOf(at, about, clock))
      if (answer === undefined) return failed(failure?.english ?? '')
      if (answer.action === 'deny') {
        const account = about.user?.id
        const { clientId } = about
        if (at !== 'token')
          events({
            ...{ type: 'hook.denied', id: hook.id, name: hook.name, at },
            ...(account !== undefined && { account }),
            ...(clientId !== undefined && { client: clientId }),
          })
        return { denied: answer.message || t('denied.unsaid'), secondFactor: false, claims: {} }
      }
      return { secondFactor: answer.require === 'second_factor', claims: answer.claims ?? {} }
    } catch (error) {
      // A secret that does not open, a database that does not answer: the question was not asked.
      return failed(error instanceof Error ? error.message : 'the question could not be asked')
    }
  }

  return {
    ...definitions,

    async createWithSecret(input) {
      const hook = await definitions.create(input)
      const [secret = ''] = secretsOf(hook)
      return { ...hook, secret }
    },

    async rotateSecret(id) {
      const { secret, sealed } = fresh(id)
      const hook = await keep(id, (before) => ({
        secret: sealed,
        former: { secret: (before as Hook & Kept).secret, until: clock() + DAY },
      }))
      events({ type: 'hook.secret_rotated', id, name: hook.name })
      return { ...hook, secret }
    },

    async test(id) {
      const hook = await definitions.get(id)
      const user = { id: 'test', username: 'test', email: 'test@example.com' }
      const about: AboutToHappen = { ...(hook.at !== 'registration' && { clientId: 'test' }), user }
      const tried = await call(hook, secretsOf(hook), {
        ...(await questionOf(hook.at, about, clock)),
        ...TEST,
      })
      events({ type: 'hook.tested', id, name: hook.name })
      return tried
    },

    formerUntil(hook) {
      const { former } = hook as Hook & Kept
      return former !== undefined && former.until > clock() ? former.until : undefined
    },

    asked: (at, clientId) => due(at, clientId).length > 0,

    async ask(at, about) {
      const hooks = due(at, about.clientId)
      const verdicts = await Promise.all(hooks.map((hook) => askOne(hook, at, about)))
      return {
        denied: verdicts.find(({ denied }) => denied !== undefined)?.denied,
        secondFactor: verdicts.some(({ secondFactor }) => secondFactor),
        // By name of the hooks: the first that says a claim counts.
        claims: {
          access_token: Object.assign({}, ...verdicts.map(({ claims }) => claims.access_token).reverse()),
          id_token: Object.assign({}, ...verdicts.map(({ claims }) => claims.id_token).reverse()),
        },
      }
    },
  }
}

/** Says that nothing is about to happen. */
const TEST = { test: true }
