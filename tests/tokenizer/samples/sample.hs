{-# LANGUAGE LambdaCase, TupleSections #-}
module Main (main) where

import qualified Data.Map.Strict as Map
import Data.Char (isSpace)

data Expr a = Lit !a | Add (Expr a) (Expr a) | Var String deriving (Show, Eq)

eval :: (Num a, Ord k) => Map.Map k a -> (String -> k) -> Expr a -> Either String a
eval env key = \case
  Lit x    -> Right x
  Add l r  -> (+) <$> eval env key l <*> eval env key r
  Var name -> maybe (Left ("unbound: " ++ name)) Right (Map.lookup (key name) env)

main :: IO ()
main = mapM_ print [eval (Map.fromList (map (,1) ["x'", "y"])) id (Add (Var v) (Lit 2)) | v <- ["x'", "z"], not (all isSpace v)]
