import { z } from 'zod'
import { isPrivateHost } from '../../http/forms/allowed-redirects.ts'
import {
  isBodyTemplate,
  isHeadersTemplate,
  isUrlTemplate,
  placeholdersOf,
} from '../../http/outgoing/request-template.ts'
import { saying, type TextArguments, type TextKey, t } from '../../shared/locales/texts.ts'
import { isLoopbackHost } from '../../shared/loopback.ts'
import { every, number, text, words } from '../kinds.ts'

/** What may stand in braces in a request to the gateway. */
const SMS_NAMES: readonly string[] = ['to', 'to_digits', 'text', 'code', 'secret', 'secret_base64']

/** A template of a request, or nothing. */
const template = (isOne: (value: string) => boolean, key: TextKey, values: TextArguments) =>
  text(
    z
      .string()
      .max(2000, saying('admin.settings.must.characters', { max: '2000' }))
      .refine(
        (value) =>
          value === '' || (isOne(value) && placeholdersOf(value).every((name) => SMS_NAMES.includes(name))),
        {
          error: () =>
            t('admin.settings.must.sms_names', {
              must: t(key, values),
              names: SMS_NAMES.map((name) => `{${name}}`).join(', '),
            }),
        },
      ),
    () => '',
  )

/** What authenticates is not written into a setting, where it would be shown. */
const isSecretive = (value: string): boolean =>
  isHeadersTemplate(value) &&
  value.split('|').every((line) => !/^\s*(proxy-)?authorization\s*:/i.test(line) || line.includes('{secret'))

/** By plain http to this machine or one inside alone. */
function isGateway(value: string): boolean {
  if (!isUrlTemplate(value)) return false
  const url = URL.parse(value.replaceAll(/[{}]/g, ''))
  return (
    url?.protocol === 'https:' || isLoopbackHost(url?.hostname ?? '') || isPrivateHost(url?.hostname ?? '')
  )
}

/** The gateway of codes by SMS, and how many messages it is given. */
export const smsRows = {
  sms_url: {
    section: 'sms',
    guards: true,
    label: 'Gateway',
    sentence:
      'The address that sends a message to a phone, as https. None: there are no codes by SMS, the weakest second factor beside those by email. `{to}`, `{text}` and the other names stand for values.',
    see: 'second-factors.md#codes-by-sms',
    ...template(isGateway, 'admin.settings.must.sms_url', {
      example: 'https://sms.example.com/send?to={to}&text={text}',
    }),
  },
  sms_headers: {
    section: 'sms',
    guards: true,
    label: 'Header fields',
    sentence:
      'Header fields of the request to the gateway, separated by ` | `. `{secret}` is the environment variable `SMS_SECRET`, `{secret_base64}` the same for HTTP Basic.',
    see: 'second-factors.md#codes-by-sms',
    ...template(isSecretive, 'admin.settings.must.sms_headers', {
      example: 'Authorization: Bearer {secret}',
      secret: '{secret}',
      base64: '{secret_base64}',
    }),
  },
  sms_body: {
    section: 'sms',
    guards: true,
    label: 'Body',
    sentence:
      'What is posted to the gateway: JSON, or a form (`to={to}&text={text}`). None: the request is a GET.',
    see: 'second-factors.md#codes-by-sms',
    ...template(isBodyTemplate, 'admin.settings.must.sms_body', { example: 'To={to}&Body={text}' }),
  },
  sms_success: {
    section: 'sms',
    guards: true,
    label: 'Text of a successful answer',
    sentence:
      'A text that the answer of the gateway has to contain, for gateways that answer with 200 also when nothing was sent. Spaces do not matter. None: its status decides.',
    see: 'second-factors.md#codes-by-sms',
    ...text(
      z.string().max(200, saying('admin.settings.must.sms_success', { max: '200', example: '"status":"0"' })),
      () => '',
    ),
  },
  sms_prefixes: {
    section: 'sms',
    guards: true,
    label: 'Countries that codes are sent to',
    sentence:
      'How the numbers begin that codes are sent to. None: all countries. Premium, satellite and other special numbers never get one.',
    see: 'second-factors.md#toll-fraud',
    ...words({
      problem: every((word) => /^\+[1-9]\d{0,6}$/.test(word), 'admin.settings.must.sms_prefixes'),
    }),
  },
  sms_per_number: {
    section: 'sms',
    guards: true,
    label: 'Messages to one number',
    sentence: 'At most so many within an hour.',
    ...number(5, 1, 1000),
  },
  sms_per_account: {
    section: 'sms',
    guards: true,
    label: 'Messages for one account',
    sentence: 'At most so many within an hour.',
    ...number(5, 1, 1000),
  },
  sms_per_address: {
    section: 'sms',
    guards: true,
    label: 'Messages that one address has us send',
    sentence: 'At most so many within an hour.',
    ...number(20, 1, 100_000),
  },
  sms_per_prefix: {
    section: 'sms',
    guards: true,
    label: 'Messages to one country',
    sentence:
      'At most so many within an hour, to each of the beginnings in `sms_prefixes` (+49151 counts to +49 too), or to one country code.',
    see: 'second-factors.md#toll-fraud',
    ...number(50, 1, 1_000_000),
  },
  sms_per_day: {
    section: 'sms',
    guards: true,
    label: 'Messages of the whole server',
    sentence: 'At most so many within 24 hours: the most that a day can cost.',
    see: 'second-factors.md#toll-fraud',
    ...number(200, 1, 10_000_000),
  },
} as const
