import type { KeyObject } from 'node:crypto'
import type { FastifyInstance } from 'fastify'
import type { Clock } from '../shared/clock.ts'
import { type Limits, limitsWith } from '../shared/limits.ts'
import type { Overrides } from '../shared/locales/catalogue.ts'
import { ENGLISH } from '../shared/locales/locales.ts'
import { registerAnswered, type ToldAnswer } from './answered.ts'
import { registerAuditContext } from './audit-context.ts'
import { type Cookies, createCookies, registerCookies } from './cookies/cookies.ts'
import { createKnownDevices, type KnownDevices } from './cookies/known-devices.ts'
import { createSealedCookies, type SealedCookies } from './cookies/sealed-cookie.ts'
import { createSupportCookie, type SupportCookie } from './cookies/support-cookie.ts'
import { type AnswerDirectly, registerDirect } from './direct.ts'
import { registerErrors } from './errors/errors.ts'
import { registerCsrf } from './forms/csrf.ts'
import { createFlash, type Kept } from './forms/flash.ts'
import { registerForms } from './forms/forms.ts'
import { createInterrupted, type Interrupted, type OwnerOf } from './forms/interrupted.ts'
import { registerHeaders } from './headers.ts'
import type { Instance } from './instance.ts'
import { type Language, languageRoute, registerLanguage } from './language.ts'
import { registerRequestIds } from './logging/requests.ts'
import { registerAssets } from './pages/assets.ts'
import type { ReadView } from './pages/overridden-views.ts'
import type { PageBrand, ShownClient } from './pages/pages.ts'
import { registerSupportBanner } from './pages/support-banner.ts'
import { registerViews } from './pages/views.ts'
import { type Counters, createLocalCounters } from './rate-limits/counters.ts'
import { type CountFailure, type Limit, registerRateLimits } from './rate-limits/rate-limits.ts'

const AS_IT_SHIPS: PageBrand = {
  name: 'Latchkey',
  named: false,
  logo: undefined,
  favicon: undefined,
  sheet: undefined,
  support: undefined,
  terms: undefined,
  privacy: undefined,
}

/** Characters of the largest page that a form is answered with, sealed. */
const LARGEST_PAGE = 1024 * 1024

export interface HttpOptions {
  issuer: URL
  /** At least 32 bytes; the keys of CSRF tokens and sealed cookies are derived from it. */
  cookieKey: KeyObject
  /** Read at each request. */
  readonly rateLimit: boolean
  /** How often what may be done; what ships unless given. */
  limits?: Limits
  /** Counts for all processes, made beside the ones of this process. */
  counters?: ((local: Counters) => Counters) | undefined
  /** What is drawn on the button of a sign-in provider, by the name of its icon: paths of an SVG of 24 by 24. */
  icons: Readonly<Record<string, string | undefined>>
  /** What a page wears; what ships unless given. */
  brand?: (by?: ShownClient['brand']) => PageBrand
  /** Compile each view once. Off while developing. */
  cacheViews: boolean
  /** What reads a view; the one that ships unless given. */
  readView?: ReadView | undefined
  clock: Clock
  /** The language of those who say none (BCP 47); English unless given. Read at each request. */
  defaultLocale?: () => string
  /** What an owner says instead of texts. */
  overrides?: Overrides
  /** Waits until settings are fresh, where a request is answered before the hook that does so; undefined: they are. */
  refreshed?: () => Promise<void> | undefined
  /** Of the instance. */
  addressOf: Instance['addressOf']
  /** Is told of each answer. */
  answered?: ((answer: ToldAnswer) => void) | undefined
  /** Gives the AppError that an error of somewhere below stands for; without one, errors are what they are. */
  translateError?: (error: unknown) => unknown
  /** Where forms and answers to them are kept that are too large for a cookie, or must not be in one. */
  kept: Kept
}

/** What features get from here. */
export interface Http {
  cookies: Cookies
  sealed: SealedCookies
  /** As `sealed`, for what is no cookie and may be longer. */
  sealedText: SealedCookies
  /** What a browser keeps while an administrator is signed in as another person. */
  support: SupportCookie
  /** Which browsers have signed in before. */
  devices: KnownDevices
  language: Language
  direct: AnswerDirectly
  limit: Limit
  countFailure: CountFailure
  /** Requests that wait for a fresh sign-in. */
  interrupted: Interrupted
  /**
   * Makes a context one of HTML forms: see registerForms.
   * @param ownerOf the person of a request, where forms of this context may have to wait for a fresh sign-in
   */
  forms(app: FastifyInstance, ownerOf?: OwnerOf): Promise<void>
}

/**
 * Everything that all responses share, on the root instance, before any route: request log, security headers,
 * cookies, CSRF tokens, rate limits, assets, views, errors.
 * @throws Error when the cookie key is too short
 */
export async function registerHttp(app: FastifyInstance, options: HttpOptions): Promise<Http> {
  const { issuer, cookieKey } = options
  if ((cookieKey.symmetricKeySize ?? 0) < 32) throw new Error('the cookie key needs at least 32 bytes')
  const secure = issuer.protocol === 'https:'
  registerAuditContext(app)
  const direct = registerDirect(app, {
    secure,
    refreshed: options.refreshed ?? (() => undefined),
    addressOf: options.addressOf,
    answered: registerAnswered(app, options.answered),
  })
  registerRequestIds(app)
  registerHeaders(app, { secure })
  await registerCookies(app)
  const language = registerLanguage(app, {
    secure,
    fallback: options.defaultLocale ?? (() => ENGLISH),
    overrides: options.overrides ?? (() => undefined),
  })
  await registerCsrf(app, { key: cookieKey, secure })
  const cookies = createCookies(secure)
  const sealed = createSealedCookies(cookieKey, options.clock)
  const devices = createKnownDevices({ cookies, sealed, clock: options.clock })
  const local = createLocalCounters(options.clock)
  const { limit, countFailure } = registerRateLimits(app, {
    get enabled() {
      return options.rateLimit
    },
    limits: options.limits ?? limitsWith((_variable, { max }) => max),
    devices,
    local,
    shared: options.counters?.(local) ?? local,
  })
  const asset = registerAssets(app)
  const support = createSupportCookie({ cookies, sealed, clock: options.clock, secure })
  registerSupportBanner(app, support)
  await registerViews(app, {
    issuer,
    clock: options.clock,
    cache: options.cacheViews,
    readView: options.readView,
    asset,
    icons: options.icons,
    brand: options.brand ?? (() => AS_IT_SHIPS),
  })
  registerErrors(app, options.translateError ?? ((error) => error))
  const onServer = {
    sealed: createSealedCookies(cookieKey, options.clock, LARGEST_PAGE),
    kept: options.kept,
  }
  const flash = createFlash({ cookies, ...onServer })
  const interrupted = createInterrupted(onServer)
  const forms: Http['forms'] = (context, ownerOf) =>
    registerForms(context, { issuer, clock: options.clock, flash, interrupted, ownerOf })
  await app.register(async (scope) => {
    await forms(scope)
    languageRoute(scope, { issuer, language })
  })
  return {
    ...{ cookies, sealed, support, devices, language, direct, limit, countFailure, interrupted, forms },
    sealedText: onServer.sealed,
  }
}
