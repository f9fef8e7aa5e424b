package org.example.shelf;

import java.util.*;
import java.util.stream.Collectors;

public final class Sample<K extends Comparable<K>, V> {
    private final Map<K, List<V>> values = new TreeMap<>();

    /** Adds a value; {@code null} is refused. */
    public synchronized void add(K key, V value) {
        values.computeIfAbsent(Objects.requireNonNull(key), k -> new ArrayList<>()).add(value);
    }

    @Override
    public String toString() {
        return values.entrySet().stream().map(e -> e.getKey() + "=" + e.getValue()).collect(Collectors.joining(", ", "{", "}"));
    }

    public static void main(String[] args) throws Exception {
        int x = 0b1010_1010 >>> 2; char c = '\u00e9'; long l = 0xFFFF_FFFFL;
        System.out.printf("%d %c %d%n", x, c, l);
    }
}
