import { describe, expect, it } from 'vitest';
import { createTextBudget } from '../../../src/platform/graphql/text-budget.ts';

const TOO_MUCH = { code: 'OPERATION_TOO_COMPLEX' };
const text = 'x'.repeat(40);

describe('the text that an operation is given', () => {
  it('is twice the largest text and at most one more; the rest is not even read', async () => {
    const texts = createTextBudget(50);
    let reads = 0;
    const load = async () => {
      reads += 1;
      return text;
    };
    const answers = await Promise.allSettled(Array.from({ length: 30 }, () => texts.read(load)));
    expect(answers.map(({ status }) => status)).toEqual([
      ...Array.from({ length: 3 }, () => 'fulfilled'),
      ...Array.from({ length: 27 }, () => 'rejected'),
    ]);
    expect(answers.at(-1)).toMatchObject({ reason: TOO_MUCH });
    expect(reads).toBe(3);
  });

  it('is never too little for one text, however long', async () => {
    expect(await createTextBudget(1).read(async () => text)).toBe(text);
    expect(createTextBudget(1).take(text)).toBe(text);
  });

  it('is read one text after another', async () => {
    const texts = createTextBudget(1_000);
    let running = 0;
    let most = 0;
    const load = async () => {
      running += 1;
      most = Math.max(most, running);
      await Promise.resolve();
      running -= 1;
      return text;
    };
    await Promise.all(Array.from({ length: 10 }, () => texts.read(load)));
    expect(most).toBe(1);
  });

  it('is told apart from a text that cannot be read, which costs nothing and holds up nobody', async () => {
    const texts = createTextBudget(10);
    const failing = texts.read(() => Promise.reject(new Error('no such revision')));
    const next = texts.read(async () => text);
    await expect(failing).rejects.toThrow('no such revision');
    expect(await next).toBe(text);
  });

  it('is counted whether it was read or there already, and is whole again for the next event', async () => {
    const texts = createTextBudget(10);
    expect(texts.take(text)).toBe(text);
    expect(() => texts.take('x')).toThrow(expect.objectContaining(TOO_MUCH));
    await expect(texts.read(async () => 'x')).rejects.toMatchObject(TOO_MUCH);
    texts.refill();
    expect(texts.take('x')).toBe('x');
  });
});
