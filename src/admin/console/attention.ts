import type { Permission } from '../../shared/administration/permissions.ts'
import { distanceInWords } from '../../shared/moment.ts'
import type { KeysDependencies } from './keys.ts'
import type { WebhooksDependencies } from './webhooks/routes.ts'

/** Something that an administrator should look after, with where. */
export interface Attention {
  text: string
  href: string
  label: string
}

export interface AttentionDependencies
  extends Pick<WebhooksDependencies, 'webhooks'>,
    Pick<KeysDependencies, 'keys'> {
  attention: {
    /** Secrets of clients that end within days and were used until lately, those that end first. Milliseconds since the epoch. */
    endingSecrets(
      now: number,
      days: number,
      limit: number,
    ): Promise<{ clientId: string; name: string; endsAt: number }[]>
    /** Messages of the last thirty days that could not be sent, counted up to `most`. */
    failedMails(most: number): Promise<number>
    /** How many requests were refused between two moments. */
    refused(from: number, until: number): Promise<number>
  }
}

const DAY = 86_400_000
/** Of secrets that end: how long ahead. */
const AHEAD_DAYS = 14
/** A key that has signed for so long is due: NIST SP 800-57 part 1 §5.3.6 has one to three years for a private signature key. */
const KEY_DAYS = 365
/** Fewer refused requests in a day are no news. */
const MIN_REFUSED = 10
/** So many times those of a usual day are. */
const RISE = 3
const MOST_MAILS = 100
const EACH = 3

/**
 * What an administrator should look after, the most urgent first, as far as they may see it.
 * @param now milliseconds since the epoch
 */
export async function attentionOf(
  { webhooks, keys, attention }: AttentionDependencies,
  now: number,
  may: (permission: Permission) => boolean,
): Promise<Attention[]> {
  const [hooks, secrets, mails, signing, today, week] = await Promise.all([
    may('webhook.read') ? webhooks.list() : [],
    may('client.read') ? attention.endingSecrets(now, AHEAD_DAYS, EACH) : [],
    may('settings.read') ? attention.failedMails(MOST_MAILS) : 0,
    may('key.read') ? keys.list() : [],
    may('rejection.read') ? attention.refused(now - DAY, now) : 0,
    may('rejection.read') ? attention.refused(now - 8 * DAY, now - DAY) : 0,
  ])
  const failing = hooks.filter(
    ({ failingSince, disabled }) => failingSince !== undefined || disabled?.reason === 'failing',
  )
  const old = signing.filter(
    ({ state, activeFrom }) => state === 'signing' && now - activeFrom > KEY_DAYS * DAY,
  )
  return [
    ...failing.slice(0, EACH).map(({ id, url, disabled }) => ({
      text: `Nothing arrives at the webhook ${new URL(url).host}${disabled ? ', so it was switched off' : ''}.`,
      href: `/admin/webhooks/${id}`,
      label: 'Look',
    })),
    ...secrets.map(({ clientId, name, endsAt }) => ({
      text: `A secret of ${name} that is in use ends in ${distanceInWords(Math.max(0, (endsAt - now) / 1000))}.`,
      href: `/admin/clients/${encodeURIComponent(clientId)}/secrets`,
      label: 'Secrets',
    })),
    ...(mails === 0
      ? []
      : [
          {
            text: `${mails === MOST_MAILS ? 'A hundred messages and more' : mails === 1 ? 'A message' : `${mails} messages`} could not be sent in the last 30 days.`,
            href: '/admin/settings',
            label: 'Send a test message',
          },
        ]),
    ...(today >= MIN_REFUSED && today >= RISE * (week / 7)
      ? [
          {
            text: `${today} requests were refused in the last 24 hours; ${Math.round(week / 7)} are usual.`,
            href: '/admin/rejections',
            label: 'Why',
          },
        ]
      : []),
    ...old.slice(0, 1).map(({ alg, activeFrom }) => ({
      text: `The ${alg} key has signed for ${distanceInWords((now - activeFrom) / 1000)}.`,
      href: '/admin/keys',
      label: 'Rotate',
    })),
  ]
}
