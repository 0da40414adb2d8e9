import { createHash, randomBytes } from 'node:crypto'
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify'
import { z } from 'zod'
import { currentAuditContext } from '../../shared/audit-context.ts'
import type { AppError } from '../../shared/errors.ts'
import { t } from '../../shared/locales/texts.ts'
import { partsOf } from '../address.ts'
import type { Cookies } from '../cookies/cookies.ts'
import type { SealedCookies } from '../cookies/sealed-cookie.ts'
import { sendPage } from '../pages/send-page.ts'
import { formPage } from './page.ts'

/** What is too large for a cookie, kept under an id that only the browser knows. */
export interface Kept {
  /** @param ttl seconds */
  put(id: string, sealed: string, ttl: number): Promise<void>
  find(id: string): Promise<string | undefined>
  /** Takes it away; true for exactly one caller. */
  take(id: string): Promise<boolean>
}

/** What a form was answered with, on its way to the page that shows it. */
const flashSchema = z.object({
  /** Whose it is; undefined: nobody was signed in. */
  by: z.string().optional(),
  /** Scripts and password managers read from it what became of the form; a reload says 200 again. */
  status: z.number(),
  retryAfter: z.number().optional(),
  /** A page that a handler rendered. */
  page: z.object({ view: z.string(), data: z.record(z.string(), z.unknown()) }).optional(),
  /** A rejection by another route, above the page that the form stands on. */
  alert: z.string().optional(),
  /** What was typed into the form that is posted to `action`. */
  typed: z.object({ action: z.string(), values: z.record(z.string(), z.string()) }).optional(),
})
export type Flash = z.infer<typeof flashSchema>

/** Seconds. A redirect takes less. */
const TTL = 300
/** Characters of a sealed value that a cookie holds beside its name and attributes; browsers take 4096 in all. */
const COOKIE = 3500
/** In the address of a page whose form came without its cookie. */
const RESENT = 'resent'

/** `k` and an id: the value is kept on the server. */
const referenceTo = (id: string) => `k.${id}`
const idIn = (value: string) => (value.startsWith('k.') ? value.slice(2) : undefined)

/** A page of its own has a cookie of its own, so that two tabs do not take each other's. */
const cookieOf = (path: string) => `flash_${createHash('sha256').update(path).digest('hex').slice(0, 12)}`

/** What forms are answered with, on its way to the pages that show it. */
export interface FlashPages {
  /** What waits for the page of this request, once. Undefined: nothing does. */
  take(request: FastifyRequest, reply: FastifyReply): Promise<Flash | undefined>
  /** Shows at `path` what the page that leads on to it had to show. False: it fits nowhere. */
  carry(reply: FastifyReply, path: string, flash: Flash): Promise<boolean>
  /** Answers a form with a page, by way of a redirect. False: it cannot be, and the page has to be sent as it is. */
  page(
    request: FastifyRequest,
    reply: FastifyReply,
    view: string,
    data: object,
    status: number,
  ): Promise<boolean>
  /** Answers a form with a rejection above the page that it stands on, and what was typed in its fields. */
  rejection(
    request: FastifyRequest,
    reply: FastifyReply,
    error: AppError,
    values: Record<string, string> | undefined,
  ): Promise<boolean>
}

/**
 * Post, redirect, get: what a form is answered with goes to the page that the form stands on (303), and is shown there
 * once. So nothing is sent again by a reload, and Back never ends on a page that the browser cannot show (ERR_CACHE_MISS).
 */
export function createFlash(deps: { cookies: Cookies; sealed: SealedCookies; kept: Kept }): FlashPages {
  const { cookies, sealed, kept } = deps
  const purpose = (path: string) => `flash ${path}`

  /** False: it fits nowhere. @param onServer whether it may be kept there when it is too large for a cookie */
  async function put(reply: FastifyReply, path: string, flash: Flash, onServer: boolean): Promise<boolean> {
    const value = sealed.seal(purpose(path), flash, TTL)
    if (value.length <= COOKIE) {
      cookies.set(reply, cookieOf(path), value, TTL)
      return true
    }
    if (!onServer || value.length > sealed.maxLength) return false
    const id = randomBytes(24).toString('base64url')
    await kept.put(id, value, TTL)
    cookies.set(reply, cookieOf(path), referenceTo(id), TTL)
    return true
  }

  async function take(request: FastifyRequest, reply: FastifyReply): Promise<Flash | undefined> {
    const path = partsOf(request.url).path
    const value = cookies.read(request, cookieOf(path))
    if (value === undefined) {
      const lost = (request.query as Record<string, unknown> | undefined)?.[RESENT] !== undefined
      return lost ? { status: 403, alert: t('error.form.cookie') } : undefined
    }
    cookies.clear(reply, cookieOf(path))
    const id = idIn(value)
    if (id === undefined) return sealed.open(purpose(path), value, flashSchema)
    const found = await kept.find(id)
    if (found === undefined || !(await kept.take(id))) return undefined
    return sealed.open(purpose(path), found, flashSchema)
  }

  const mine = () => {
    const actor = currentAuditContext()?.actor
    return actor?.kind === 'account' && actor.id !== undefined ? { by: actor.id } : {}
  }

  return {
    take,

    carry: (reply, path, flash) => put(reply, partsOf(path).path, flash, true),

    async page(request, reply, view, data, status) {
      const target = formPage(request)
      if (target === undefined) return false
      const page = { view, data: data as Record<string, unknown> }
      if (!(await put(reply, partsOf(target).path, { ...mine(), status, page }, true))) return false
      reply.redirect(target, 303)
      return true
    },

    async rejection(request, reply, error, values) {
      const target = formPage(request)
      if (target === undefined) return false
      const { status, publicMessage: alert, retryAfter } = error
      const flash: Flash = { ...mine(), status, alert, ...(retryAfter !== undefined && { retryAfter }) }
      const typed = values && { typed: { action: request.url, values } }
      // Before its token was checked a form may come from anywhere, and what is over a limit comes without one: nothing of
      // them is kept on the server. What a cookie does not hold is lost then.
      const path = partsOf(target).path
      if (!(await put(reply, path, { ...flash, ...typed }, flash.by !== undefined && status !== 429)))
        await put(reply, path, flash, false)
      const lost = error.code === 'form_expired' && !request.headers.cookie
      reply.redirect(lost ? `${target}${target.includes('?') ? '&' : '?'}${RESENT}` : target, 303)
      return true
    },
  }
}

const contexts = new WeakMap<FastifyRequest, FlashPages>()
const taken = new WeakMap<FastifyRequest, Flash>()
const rejected = new WeakSet<FastifyReply>()

/** Makes the forms of a context lead on by redirects. */
export function registerFlash(app: FastifyInstance, flash: FlashPages): void {
  app.addHook('onRequest', async (request, reply) => {
    contexts.set(request, flash)
    if (request.method !== 'GET') return
    const found = await flash.take(request, reply)
    if (found === undefined) return undefined
    // A page is the whole answer. The route is not asked: what made the page is done, and its link is used up.
    if (found.page !== undefined && found.by === undefined)
      return sendPage(reply, found.page.view, found.page.data, found.status)
    taken.set(request, found)
    return undefined
  })
  app.addHook('onSend', async (request, reply, payload) => {
    const left = request.method === 'GET' ? takenBy(request) : undefined
    const to = reply.getHeader('location')
    if (left !== undefined && typeof to === 'string' && /^\/(?![/\\])/.test(to)) {
      taken.delete(request)
      await flash.carry(reply, to, left)
    }
    return payload
  })
}

/** How the answer to a form goes out; undefined: it is no form of such a context. */
export const flashOf = (request: FastifyRequest): FlashPages | undefined =>
  request.method === 'POST' ? contexts.get(request) : undefined

/** Marks the answer to a form as a rejection, though it is a redirect: asked once more, the form may have another one. */
export const markRejected = (reply: FastifyReply): void => void rejected.add(reply)
export const isRejected = (reply: FastifyReply): boolean => rejected.has(reply) || reply.statusCode >= 400

/** What this page has to show of the form that led here, unless another account sent it. */
export function takenBy(request: FastifyRequest): Flash | undefined {
  const flash = taken.get(request)
  if (flash?.by === undefined) return flash
  const actor = currentAuditContext()?.actor
  return actor?.kind === 'account' && actor.id === flash.by ? flash : undefined
}

/** The data of a page, with what was typed before in the form that is posted to `action`. */
export function withTyped<Data>(data: Data, typed: Flash['typed'], depth = 0): Data {
  if (typed === undefined || typeof data !== 'object' || data === null || depth > 3) return data
  if (Array.isArray(data)) return data.map((each) => withTyped(each, typed, depth + 1)) as Data
  const inside = Object.fromEntries(
    Object.entries(data).map(([name, value]) => [name, withTyped(value as unknown, typed, depth + 1)]),
  )
  const posted = 'action' in data && data.action === typed.action
  return (posted ? { ...inside, values: typed.values } : inside) as Data
}
