import type { Permission } from '../../shared/administration/permissions.ts'
import { t } from '../../shared/locales/texts.ts'
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
      text: t(disabled ? 'admin.dashboard.attention.webhook.off' : 'admin.dashboard.attention.webhook', {
        host: new URL(url).host,
      }),
      href: `/admin/webhooks/${id}`,
      label: t('admin.dashboard.attention.webhook.act'),
    })),
    ...secrets.map(({ clientId, name, endsAt }) => ({
      text: t('admin.dashboard.attention.secret', {
        client: name,
        time: distanceInWords(Math.max(0, (endsAt - now) / 1000)),
      }),
      href: `/admin/clients/${encodeURIComponent(clientId)}/secrets`,
      label: t('admin.clients.secrets'),
    })),
    ...(mails === 0
      ? []
      : [
          {
            text:
              mails === MOST_MAILS
                ? t('admin.dashboard.attention.mails.many')
                : t('admin.dashboard.attention.mails', { count: mails }),
            href: '/admin/settings',
            label: t('admin.dashboard.attention.mails.act'),
          },
        ]),
    ...(today >= MIN_REFUSED && today >= RISE * (week / 7)
      ? [
          {
            text: t('admin.dashboard.attention.refused', { today, usual: Math.round(week / 7) }),
            href: '/admin/rejections',
            label: t('admin.dashboard.attention.refused.act'),
          },
        ]
      : []),
    ...old.slice(0, 1).map(({ alg, activeFrom }) => ({
      text: t('admin.dashboard.attention.key', { alg, time: distanceInWords((now - activeFrom) / 1000) }),
      href: '/admin/keys',
      label: t('admin.dashboard.attention.key.act'),
    })),
  ]
}
