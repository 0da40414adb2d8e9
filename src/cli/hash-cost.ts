import { availableParallelism } from 'node:os'
import type { Command } from 'commander'
import { type HashingCost, hashesAtOnce, timeOfHash } from '../accounts/passwords/hashing.ts'
import { type Cli, CliError, createCommand, type Options } from './context.ts'
import { PROGRAM } from './program.ts'
import { table } from './text.ts'

/** MiB, from OWASP's floor on, at two passes and one lane: memory is what costs an attacker most. */
const MEMORIES = [19, 32, 48, 64, 96, 128, 192, 256, 384, 512]

const PASSES = 2

/** What people do not notice of a sign-in, in milliseconds. */
const UNNOTICED = 100

/** `latchkey hash-cost`: what password hashes cost on this machine, and which it can afford. It opens no database. */
export const hashCostCommand = (cli: Cli): Command =>
  createCommand('hash-cost', 'measure what password hashes cost on this machine, and advise settings')
    .option('--at-most <milliseconds>', `what one may take, 20 to 2000 (default ${UNNOTICED})`)
    .action(async (options: Options) => {
      const limit = limitOf(options.atMost)
      const measured = await measure(limit)
      const best = measured.findLast(({ milliseconds }) => milliseconds <= limit)
      const settings = best && { argon2_memory: best.memory, argon2_passes: PASSES, argon2_parallelism: 1 }
      const document = { cores: availableParallelism(), at_most: limit, measured, settings: settings ?? null }
      cli.answer(options, document, textOf(measured, limit, best))
    })

interface Measured {
  memory: number
  passes: number
  milliseconds: number
  hashes_per_second: number
}

function limitOf(given: unknown): number {
  if (given === undefined) return UNNOTICED
  const value = /^\d{2,4}$/.test(String(given)) ? Number(given) : 0
  if (value < 20 || value > 2000)
    throw new CliError(['--at-most: must be a whole number from 20 to 2000, for example 100'])
  return value
}

/** Up to the first that takes longer. */
async function measure(limit: number): Promise<Measured[]> {
  const measured: Measured[] = []
  for (const memory of MEMORIES) {
    const cost: HashingCost = { memoryCost: memory * 1024, timeCost: PASSES, parallelism: 1 }
    const time = await timeOfHash(cost)
    const milliseconds = Math.round(time * 10) / 10
    measured.push({
      memory,
      passes: PASSES,
      milliseconds,
      hashes_per_second: Math.round((hashesAtOnce() * 1000) / time),
    })
    if (time > limit) break
  }
  return measured
}

function textOf(measured: readonly Measured[], limit: number, best: Measured | undefined): string {
  const rows = measured.map((each) => [
    `${each.memory} MiB`,
    String(each.passes),
    `${each.milliseconds} ms`,
    String(each.hashes_per_second),
  ])
  const advice =
    best === undefined
      ? [`No hash takes ${limit} ms or less here. Keep the defaults: they are the floor.`]
      : best.memory === MEMORIES[0]
        ? [`The defaults are right for this machine: the next step takes more than ${limit} ms.`]
        : [
            `${best.memory} MiB take ${limit} ms or less. A stronger hash counts from the next sign-in of each person on:`,
            '',
            `  ${PROGRAM} settings set argon2_memory ${best.memory}`,
          ]
  return [
    table([['MEMORY', 'PASSES', 'ONE HASH', 'SIGN-INS A SECOND, AT MOST'], ...rows]),
    '',
    ...advice,
  ].join('\n')
}
