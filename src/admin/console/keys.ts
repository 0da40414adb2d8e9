import type { FastifyInstance } from 'fastify'
import { z } from 'zod'
import { noticeIn } from '../../http/forms/notice.ts'
import type { SigningKeySummary, SigningKeys } from '../../oidc/keys/keys.ts'
import type { UsageStore } from '../../oidc/usage/usage-store.ts'
import { AppError } from '../../shared/errors.ts'
import { type TextKey, t } from '../../shared/locales/texts.ts'
import { minuteOf } from '../../shared/moment.ts'
import { SIGNING_ALGORITHMS } from '../../shared/signing-algorithms.ts'
import type { ConsoleDependencies } from './context.ts'
import { type ConsoleFrame, renderConsole } from './frame.ts'

declare module '../../http/pages/pages.ts' {
  interface Pages {
    'admin/keys': {
      frame: ConsoleFrame
      keys: {
        kid: string
        alg: string
        state: string
        since: string
        until?: string | undefined
        /** What it signed is accepted by this server for longer than others can check it. */
        acceptedUntil?: string | undefined
        /** Each with when, in milliseconds since the epoch. */
        usedBy: { name: string; href: string; at: number }[]
        more: number
        retire?: { action: string; fields: Record<string, string> } | undefined
      }[]
      rotationDays: number
      algorithms: string[]
      alert?: string | undefined
    }
  }
}

export interface KeysDependencies {
  keys: Pick<SigningKeys, 'list' | 'rotate' | 'retire'>
  keyUses: UsageStore['keyUses']
  clientName(clientId: string): Promise<string | undefined>
  /** 0: keys are rotated by hand. */
  keyRotationDays: number
}

/** Clients that are named beside a key. */
const SHOWN = 5

const rotation = z.object({
  alg: z.enum(SIGNING_ALGORITHMS).optional().catch(undefined),
  now: z.literal('on').optional(),
})
const retirement = z.object({ kid: z.string().max(100) })

const NOTICES: Readonly<Record<string, TextKey>> = {
  rotated: 'admin.keys.done.rotated',
  replaced: 'admin.keys.done.replaced',
  retired: 'admin.keys.done.retired',
}

/** It is published no longer, or will not be, and is good here for checking what it signed all the same. */
const isKept = ({ state, acceptedUntil }: SigningKeySummary): boolean =>
  state !== 'withdrawn' && acceptedUntil !== null && acceptedUntil > Date.now()

/** `/admin/keys`: the signing keys, who gets what they sign, and changing them. */
export async function keysArea(
  app: FastifyInstance,
  deps: ConsoleDependencies & KeysDependencies,
): Promise<void> {
  async function view(alert?: string) {
    const [keys, uses] = await Promise.all([deps.keys.list(), deps.keyUses()])
    const shown = keys.toReversed().map(async (key) => {
      const mine = uses.filter(({ kid }) => kid === key.kid)
      const usedBy = mine.slice(0, SHOWN).map(async ({ clientId, lastUsedAt }) => ({
        name: (await deps.clientName(clientId)) ?? clientId,
        href: `/admin/clients/${encodeURIComponent(clientId)}`,
        at: lastUsedAt,
      }))
      return {
        kid: key.kid,
        alg: key.alg,
        state: t(`admin.keys.state.${key.state}`),
        since: minuteOf(key.activeFrom),
        until: key.retiredAt === null ? undefined : minuteOf(key.retiredAt),
        acceptedUntil: isKept(key) && key.acceptedUntil ? minuteOf(key.acceptedUntil) : undefined,
        usedBy: await Promise.all(usedBy),
        more: Math.max(0, mine.length - SHOWN),
        retire:
          key.state === 'published' || isKept(key)
            ? { action: '/admin/keys/retire', fields: { kid: key.kid } }
            : undefined,
      }
    })
    return {
      keys: await Promise.all(shown),
      rotationDays: deps.keyRotationDays,
      algorithms: [...SIGNING_ALGORITHMS],
      alert,
    }
  }

  app.get<{ Querystring: { done?: unknown } }>(
    '/admin/keys',
    { config: { admin: 'key.read' } },
    async (request, reply) => {
      const notice = noticeIn(NOTICES, request.query.done)
      return renderConsole(request, reply, 'keys', 'admin/keys', await view(), { notice })
    },
  )

  app.post('/admin/keys/rotate', { config: { admin: 'key.rotate' } }, async (request, reply) => {
    const { alg, now } = rotation.parse(request.body ?? {})
    await deps.keys.rotate({ ...(alg && { alg }), now: now !== undefined })
    return reply.redirect(`/admin/keys?done=${now ? 'replaced' : 'rotated'}`, 303)
  })

  app.post('/admin/keys/retire', { config: { admin: 'key.retire' } }, async (request, reply) => {
    const { kid } = retirement.parse(request.body ?? {})
    try {
      await deps.keys.retire(kid)
    } catch (error) {
      if (!(error instanceof AppError) || error.status >= 500) throw error
      const data = await view(error.publicMessage)
      return renderConsole(request, reply, 'keys', 'admin/keys', data, { status: error.status })
    }
    return reply.redirect('/admin/keys?done=retired', 303)
  })
}
