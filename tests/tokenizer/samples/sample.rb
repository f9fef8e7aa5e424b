# frozen_string_literal: true
require "json"

module Shelf
  Book = Struct.new(:title, :year, keyword_init: true) do
    def <=>(other) = year <=> other.year
    def to_s = "#{title} (#{year})"
  end

  def self.load(path, &block)
    JSON.parse(File.read(path), symbolize_names: true).map { |h| Book.new(**h) }.each(&block)
  rescue Errno::ENOENT => e
    warn <<~TEXT
      no such file: #{e.message}
        it's %w[not there] at all
    TEXT
    []
  end
end
